package timing

import "math"

func complete(fields Fields, delay, period, timeout, failures int32) Timing {
	return Timing{
		InitialDelaySeconds:           delay,
		PeriodSeconds:                 period,
		TimeoutSeconds:                timeout,
		SuccessThreshold:              orDefault(fields.SuccessThreshold, 1),
		FailureThreshold:              failures,
		TerminationGracePeriodSeconds: fields.TerminationGracePeriodSeconds,
	}
}

func orDefault(explicit *int32, derived int32) int32 {
	if explicit != nil {
		return *explicit
	}
	return derived
}

func pick(condition bool, yes, no int32) int32 {
	if condition {
		return yes
	}
	return no
}

// seconds keeps a sum of products of what somebody wrote within an int32: 68 years are as good as forever.
func seconds(n int64) int32 { return int32(max(0, min(n, math.MaxInt32))) }

func clamp(value, low, high int32) int32 { return max(low, min(value, high)) }

func ceilDiv(a, b int32) int32 { return seconds(ceilDiv64(int64(a), int64(b))) }

func ceilDiv64(a, b int64) int64 { return (a + b - 1) / b }
