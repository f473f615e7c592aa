package annotation

import (
	"strconv"
	"time"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// parseSeconds reads a bare integer of seconds or a Go duration of whole seconds.
func parseSeconds(value string) (int64, error) {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return seconds, nil
	}
	duration, err := time.ParseDuration(value)
	if err != nil {
		return 0, mistake(`write a duration such as "90s", "5m" or "1h30m"`)
	}
	if duration%time.Second != 0 {
		return 0, mistake("the kubelet counts whole seconds: write %q", echo(duration.Round(time.Second).String()))
	}
	return int64(duration / time.Second), nil
}

func parseInput(input timing.Input, value string, limits Limits) (int32, error) {
	seconds, err := parseSeconds(value)
	if err != nil {
		return 0, err
	}
	bounds := timing.InputBounds(input)
	if input == timing.StartupBudget && limits.MaxStartupBudget > 0 {
		bounds.Max = limits.MaxStartupBudget
	}
	return within(seconds, bounds, "s")
}

func parseField(kind probe.Kind, name probe.Field, value string) (int32, error) {
	bounds, ok := timing.FieldBounds(kind, name)
	if !ok {
		return 0, mistake("remove the key: %s has no such field", kind)
	}
	if name == probe.FailureThreshold || name == probe.SuccessThreshold {
		count, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return 0, mistake("write a whole number from %d to %d", bounds.Min, bounds.Max)
		}
		return within(count, bounds, "")
	}
	seconds, err := parseSeconds(value)
	if err != nil {
		return 0, err
	}
	return within(seconds, bounds, "s")
}

func within(value int64, bounds timing.Bounds, unit string) (int32, error) {
	switch {
	case value < int64(bounds.Min) && bounds.Why != "":
		return 0, mistake("at least %d%s: %s", bounds.Min, unit, bounds.Why)
	case value < int64(bounds.Min):
		return 0, mistake("at least %d%s", bounds.Min, unit)
	case value > int64(bounds.Max):
		return 0, mistake("at most %d%s", bounds.Max, unit)
	}
	return int32(value), nil //nolint:gosec // within bounds, which are int32
}
