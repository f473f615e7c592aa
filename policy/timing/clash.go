package timing

import "github.com/probe-injector/probe-injector/policy/probe"

// Input is one of a person's three questions about time, by the word of its annotation.
type Input string

// The inputs.
const (
	StartupBudget Input = "startup-budget"
	RestartAfter  Input = "restart-after"
	UnreadyAfter  Input = "unready-after"
)

// InputBounds gives the smallest and largest value of an input in seconds. The smallest values are those below
// which the derived fields would leave their own bounds: a budget of 30 s, a restart after 20 s, and traffic that
// stops within 13 s, which is two probes five seconds apart and the second's timeout.
func InputBounds(input Input) Bounds {
	switch input {
	case StartupBudget:
		return Bounds{Min: MinStartupBudget, Max: MaxStartupBudgetCeiling, Why: "budgets under 30 s are too short for a worst-case start"}
	case RestartAfter:
		return Bounds{Min: MinRestartAfter, Max: maxInputSeconds, Why: "sooner restarts healthy containers that pause"}
	default:
		return Bounds{Min: MinUnreadyAfter, Max: maxInputSeconds, Why: "two missed probes need that long"}
	}
}

// The bounds of a person's inputs, in seconds.
const (
	MinStartupBudget = 30
	MinRestartAfter  = 20
	MinUnreadyAfter  = 13
	// MaxStartupBudgetCeiling is the largest maxStartupBudget that a policy may set: one day.
	MaxStartupBudgetCeiling = 86400
	maxInputSeconds         = 3600
)

// Clash is a contradiction between figures that a person set: each is possible alone, together they cannot be
// kept. Nothing is emitted for the probe of a clash.
type Clash struct {
	Kind probe.Kind
	// Field is the explicit field to blame, or empty when Input is.
	Field probe.Field
	// Input is the person's figure to blame, or empty when Field is.
	Input Input
	// Fact says what does not fit and what would.
	Fact string
}

// Subject names what to blame, as the name part of an annotation key.
func (c Clash) Subject() string {
	if c.Field == "" {
		return string(c.Input)
	}
	return string(c.Kind) + "." + string(c.Field)
}

// InputOf is the question whose answer bounds a probe kind.
func InputOf(kind probe.Kind) Input {
	switch kind {
	case probe.Startup:
		return StartupBudget
	case probe.Liveness:
		return RestartAfter
	default:
		return UnreadyAfter
	}
}
