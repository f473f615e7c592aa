package timing

import "github.com/probe-injector/probe-injector/policy/probe"

// Fields are the timing fields that a person set explicitly; nil means "derive it".
type Fields struct {
	InitialDelaySeconds           *int32
	PeriodSeconds                 *int32
	TimeoutSeconds                *int32
	SuccessThreshold              *int32
	FailureThreshold              *int32
	TerminationGracePeriodSeconds *int64
}

// IsZero says that nothing was set.
func (f Fields) IsZero() bool { return f == Fields{} }

// Set stores a value under the field's name.
func (f *Fields) Set(name probe.Field, value int32) {
	switch name {
	case probe.InitialDelaySeconds:
		f.InitialDelaySeconds = &value
	case probe.PeriodSeconds:
		f.PeriodSeconds = &value
	case probe.TimeoutSeconds:
		f.TimeoutSeconds = &value
	case probe.SuccessThreshold:
		f.SuccessThreshold = &value
	case probe.FailureThreshold:
		f.FailureThreshold = &value
	case probe.TerminationGracePeriodSeconds:
		seconds := int64(value)
		f.TerminationGracePeriodSeconds = &seconds
	}
}

// Override returns the fields with those of own in the place of what own sets.
func (f Fields) Override(own Fields) Fields {
	f.InitialDelaySeconds = either(own.InitialDelaySeconds, f.InitialDelaySeconds)
	f.PeriodSeconds = either(own.PeriodSeconds, f.PeriodSeconds)
	f.TimeoutSeconds = either(own.TimeoutSeconds, f.TimeoutSeconds)
	f.SuccessThreshold = either(own.SuccessThreshold, f.SuccessThreshold)
	f.FailureThreshold = either(own.FailureThreshold, f.FailureThreshold)
	f.TerminationGracePeriodSeconds = either(own.TerminationGracePeriodSeconds, f.TerminationGracePeriodSeconds)
	return f
}

func either[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// Bounds are the smallest and largest value that an explicit field may have. Outside them a value is refused,
// never clamped.
type Bounds struct {
	Min, Max int32
	// Why is the reason for the smaller end, for error messages.
	Why string
}

const (
	maxInitialDelaySeconds = 3600
	maxPeriodSeconds       = 300
	maxTimeoutSeconds      = 60
	maxFailureThreshold    = 1000
	maxGracePeriodSeconds  = 3600
)

// FieldBounds gives the bounds of a field of one probe; ok is false when that probe must not have the field at
// all. The API server's own rules (pkg/apis/core/validation: validateLivenessProbe, validateStartupProbe,
// validateReadinessProbe) are part of them: successThreshold is 1 for probes that restart, and readiness has no
// terminationGracePeriodSeconds. The rest keeps a typing error from becoming a restart loop.
func FieldBounds(kind probe.Kind, name probe.Field) (bounds Bounds, ok bool) {
	switch name {
	case probe.InitialDelaySeconds:
		return Bounds{Min: 0, Max: maxInitialDelaySeconds}, true
	case probe.PeriodSeconds:
		if kind == probe.Liveness {
			return Bounds{Min: minLivenessPeriod, Max: maxPeriodSeconds, Why: "a liveness probe more often costs more than it finds"}, true
		}
		return Bounds{Min: 1, Max: maxPeriodSeconds}, true
	case probe.TimeoutSeconds:
		return Bounds{Min: 1, Max: maxTimeoutSeconds}, true
	case probe.SuccessThreshold:
		if kind.Kills() {
			return Bounds{Min: 1, Max: 1, Why: "the API server accepts nothing else"}, true
		}
		return Bounds{Min: 1, Max: maxSuccessThreshold}, true
	case probe.FailureThreshold:
		return Bounds{Min: minFailureThreshold(kind), Max: maxFailureThreshold, Why: "fewer would act on a passing disturbance"}, true
	case probe.TerminationGracePeriodSeconds:
		return Bounds{Min: 1, Max: maxGracePeriodSeconds}, kind.Kills()
	}
	return Bounds{}, false
}

// MinPeriod is the shortest sensible periodSeconds of a probe. Commands cost the node a process each
// (kubernetes/kubernetes#82440). A startup probe may run its command more often, because it soon ends.
func MinPeriod(kind probe.Kind, exec bool) int32 {
	switch {
	case exec && kind == probe.Startup:
		return minExecStartupPeriod
	case exec:
		return minExecPeriod
	case kind == probe.Liveness:
		return minLivenessPeriod
	}
	return 1
}

const maxSuccessThreshold = 3

func minFailureThreshold(kind probe.Kind) int32 {
	switch kind {
	case probe.Liveness:
		return minLivenessFailures
	case probe.Readiness:
		return minReadinessFailures
	default:
		return minStartupThreshold
	}
}
