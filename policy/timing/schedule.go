package timing

import (
	"fmt"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Style says how a liveness probe that we inject is kept away from a container that is still starting.
type Style string

// The styles.
const (
	// StyleStartupProbe adds a startup probe; liveness begins when it has passed.
	StyleStartupProbe Style = "StartupProbe"
	// StyleInitialDelay adds none; liveness waits for the whole budget, and is blind meanwhile.
	StyleInitialDelay Style = "InitialDelay"
)

// MaxInitialDelaySeconds bounds the initialDelaySeconds that is derived beside a startup probe. It delays the
// earliest Ready, and a failing startup probe costs nothing until its budget is used up.
const MaxInitialDelaySeconds = 10

// WindowRatio is by how much liveness should be more patient than readiness with the same check, so that a container is
// out of rotation well before it is restarted.
const WindowRatio = 2

const (
	minInitialDelay      = 2
	minLivenessPeriod    = 5
	maxLivenessPeriod    = 30
	minExecPeriod        = 10
	minExecStartupPeriod = 5
	minStartupPeriod     = livenessTimeout
	maxStartupPeriod     = 10
	maxExecStartupPeriod = 15
	budgetSteps          = 66
	livenessSteps        = 5
	minLivenessFailures  = 3
	minReadinessFailures = 2
	minStartupFailures   = 3
	minStartupThreshold  = 2
	livenessTimeout      = 5
	execTimeout          = 5
	minLivenessTolerance = MinRestartAfter
	typicalStartShare    = 6
	maxCPUStretch        = 4
	milliPerCore         = 1000
)

// Plan says of one probe kind whether it will be injected and what is known about it.
type Plan struct {
	// Inject reports that the probe will be added. When it is false the other members mean nothing.
	Inject bool
	// Exec reports that the handler runs a command in the container, which costs more than a connection.
	Exec bool
	// Fields are what a person set explicitly: they are kept, or refused.
	Fields Fields
	// Suggested are a profile's fields. They take the place of derived ones, and give way to what a person set.
	Suggested Fields
}

// Figures are answers to the three questions about time, in seconds; 0 is no answer.
type Figures struct {
	StartupBudget, RestartAfter, UnreadyAfter int32
}

// Inputs is everything that the timing of one container's probes depends on.
type Inputs struct {
	Class Class
	Style Style
	// StartupBudget, RestartAfter and UnreadyAfter are a person's own figures in seconds; 0 leaves the class's.
	StartupBudget, RestartAfter, UnreadyAfter int32
	// Suggested are a profile's figures. They replace the class's, and give way to what a person set.
	Suggested Figures
	// CPULimitMillis is the container's CPU limit in thousandths of a core; 0 is none.
	CPULimitMillis int64
	// MaxStartupBudget bounds a class's budget that a CPU limit stretches, in seconds.
	MaxStartupBudget int32
	// ExistingStartup reports that the container already has a startup probe that asks what liveness asks, so that
	// liveness is guarded.
	ExistingStartup bool
	// ExistingLiveness is the liveness probe that the container already has; zero is none. A startup probe that is added
	// is no stricter than it.
	ExistingLiveness Timing
	// SameCheck reports that the startup probe asks what liveness asks, or what a profile says instead: not a check of its
	// own, which may be as strict as a person wants.
	SameCheck bool
	// Unguarded reports that the planned startup probe may pass while liveness still fails, so that liveness waits for the
	// budget itself.
	Unguarded bool
	// ExistingReadinessWindow is failureThreshold*periodSeconds of a readiness probe that the container already
	// has; 0 is none. An injected liveness probe stays more patient than it.
	ExistingReadinessWindow int32

	Startup, Liveness, Readiness Plan
}

// Derive computes all timing fields of the planned probes. Clashes are contradictions between figures that a
// person set; the timing of a kind with a clash must not be used. What a profile suggests is no reason for one: the
// suggestions for a probe that clash are left out.
func Derive(in Inputs) (Timeline, []Clash) {
	for {
		out, clashes := derive(in)
		if !in.dropSuggestions(clashes) {
			return out, clashes
		}
	}
}

// dropSuggestions leaves out what a profile suggests for the probes that clash, and if that is nothing all that it
// suggests. It reports whether there was anything.
func (in *Inputs) dropSuggestions(clashes []Clash) bool {
	dropped := false
	for _, clash := range clashes {
		dropped = in.dropSuggestion(clash.Kind) || dropped
	}
	for _, kind := range probe.Kinds() {
		if dropped || len(clashes) == 0 {
			break
		}
		dropped = in.dropSuggestion(kind)
	}
	return dropped
}

func (in *Inputs) dropSuggestion(kind probe.Kind) bool {
	plan, figure := in.plan(kind), in.Suggested.of(kind)
	had := !plan.Suggested.IsZero() || *figure > 0
	plan.Suggested, *figure = Fields{}, 0
	return had
}

// of is the figure that bounds a probe kind.
func (f *Figures) of(kind probe.Kind) *int32 {
	switch kind {
	case probe.Startup:
		return &f.StartupBudget
	case probe.Liveness:
		return &f.RestartAfter
	default:
		return &f.UnreadyAfter
	}
}

func derive(in Inputs) (Timeline, []Clash) {
	d := derivation{in: in}
	d.settleBudget()
	if in.Readiness.Inject {
		d.readiness()
	}
	if in.Liveness.Inject {
		d.liveness()
	}
	if in.Startup.Inject {
		d.startup()
	}
	if in.Liveness.Inject && len(d.clashes) == 0 {
		d.keepLivenessMorePatient()
		d.delayLiveness()
	}
	d.out.Guarded = in.guarded()
	return d.out, d.clashes
}

// guarded reports that a startup probe keeps liveness away from a container that does not answer it yet.
func (in *Inputs) guarded() bool { return (in.Startup.Inject && !in.Unguarded) || in.ExistingStartup }

// derivation is the state of one Derive: inputs, results so far, and contradictions found.
type derivation struct {
	in      Inputs
	out     Timeline
	clashes []Clash

	budget, typicalStart int32
}

// settleBudget fixes budget and typical start. A CPU limit below one core slows the start of classes that compile or load
// much; it stretches the class's figures, at most four times, and never those of a person or a profile.
func (d *derivation) settleBudget() {
	d.budget, d.typicalStart = d.in.Class.StartupBudget, d.in.Class.TypicalStart
	if limit := d.in.CPULimitMillis; d.in.Class.SlowedByCPULimit && limit > 0 && limit < milliPerCore {
		d.typicalStart = stretch(d.typicalStart, limit)
		d.budget = max(d.budget, min(stretch(d.budget, limit), d.in.MaxStartupBudget))
	}
	if figure := answer(d.in.StartupBudget, d.in.Suggested.StartupBudget); figure > 0 {
		d.budget = figure
		d.typicalStart = min(d.in.Class.TypicalStart, d.budget/typicalStartShare)
	}
	if d.in.StartupBudget > 0 {
		return
	}
	// A silence that a person tolerates, and one that the liveness probe that exists allows to a start, is not cut short
	// because a startup probe came between.
	d.budget = max(d.budget, min(d.in.RestartAfter, d.in.MaxStartupBudget))
	if !d.in.ExistingLiveness.IsZero() && d.in.Startup.Inject {
		d.budget = max(d.budget, min(seconds(int64(d.in.ExistingLiveness.EarliestAct())+startedAtGranularity), MaxStartupBudgetCeiling))
	}
}

// answer is the first answer to a question about time that was given.
func answer(answers ...int32) int32 {
	for _, each := range answers {
		if each > 0 {
			return each
		}
	}
	return 0
}

func stretch(seconds int32, limitMillis int64) int32 {
	stretched := ceilDiv64(int64(seconds)*milliPerCore, limitMillis)
	return int32(min(int64(seconds)*maxCPUStretch, stretched)) //nolint:gosec // at most maxCPUStretch times an int32 of seconds
}

// fitTimeout keeps a timeout within its period: a longer one would stretch the real period, because the kubelet
// runs the probes of a worker one after the other. What a person set stays; the other of the two gives way.
func (d *derivation) fitTimeout(kind probe.Kind, period, timeout int32) (int32, int32) {
	plan := d.in.plan(kind)
	if timeout <= period {
		return period, timeout
	}
	if plan.Fields.PeriodSeconds == nil {
		return timeout, timeout
	}
	if plan.Fields.TimeoutSeconds != nil {
		d.clash(kind, probe.TimeoutSeconds, "is %ds, periodSeconds is %ds: a timeout fits into its period", timeout, period)
	}
	return period, period
}

func (in *Inputs) plan(kind probe.Kind) *Plan {
	switch kind {
	case probe.Startup:
		return &in.Startup
	case probe.Liveness:
		return &in.Liveness
	default:
		return &in.Readiness
	}
}

// sharedDelay is the initialDelaySeconds of all probes beside a startup probe: half the typical start, because
// probing earlier only makes events.
func (d *derivation) sharedDelay() int32 {
	return clamp(ceilDiv(d.typicalStart, 2), minInitialDelay, MaxInitialDelaySeconds)
}

// checkExecPeriod refuses commands that are started so often that they cost the node more than they find: 100 Pods
// that run /bin/true every 10 to 30 s took a third of a node's CPU (kubernetes/kubernetes#82440).
func (d *derivation) checkExecPeriod(kind probe.Kind, fields Fields, period, least int32) {
	if period < least {
		d.clash(kind, blame(fields, probe.PeriodSeconds, probe.FailureThreshold), "runs a command every %ds, at least %ds apart are needed", period, least)
	}
}

func (d *derivation) clash(kind probe.Kind, field probe.Field, format string, args ...any) {
	clash := Clash{Kind: kind, Field: field, Fact: fmt.Sprintf(format, args...)}
	if field == "" {
		clash.Input = InputOf(kind)
	}
	d.clashes = append(d.clashes, clash)
}

// blame picks the first of the given fields that a person set, or none.
func blame(fields Fields, candidates ...probe.Field) probe.Field {
	set := map[probe.Field]bool{
		probe.InitialDelaySeconds: fields.InitialDelaySeconds != nil,
		probe.PeriodSeconds:       fields.PeriodSeconds != nil,
		probe.TimeoutSeconds:      fields.TimeoutSeconds != nil,
		probe.FailureThreshold:    fields.FailureThreshold != nil,
	}
	for _, candidate := range candidates {
		if set[candidate] {
			return candidate
		}
	}
	return ""
}
