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
	maxStartupPeriod     = 10
	maxExecStartupPeriod = 15
	budgetSteps          = 60
	livenessSteps        = 5
	minLivenessFailures  = 3
	minReadinessFailures = 2
	minStartupFailures   = 3
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
	// Fields are what a person set explicitly.
	Fields Fields
}

// Inputs is everything that the timing of one container's probes depends on.
type Inputs struct {
	Class Class
	Style Style
	// StartupBudget, RestartAfter and UnreadyAfter are a person's own figures in seconds; 0 leaves the class's.
	StartupBudget, RestartAfter, UnreadyAfter int32
	// CPULimitMillis is the container's CPU limit in thousandths of a core; 0 is none.
	CPULimitMillis int64
	// MaxStartupBudget bounds a class's budget that a CPU limit stretches, in seconds.
	MaxStartupBudget int32
	// ExistingStartup reports that the container already has a startup probe, so that liveness is guarded.
	ExistingStartup bool
	// ExistingReadinessWindow is failureThreshold*periodSeconds of a readiness probe that the container already
	// has; 0 is none. An injected liveness probe stays more patient than it.
	ExistingReadinessWindow int32

	Startup, Liveness, Readiness Plan
}

// Derive computes all timing fields of the planned probes. Clashes are contradictions between figures that a
// person set; the timing of a kind with a clash must not be used.
func Derive(in Inputs) (Timeline, []Clash) {
	d := derivation{in: in}
	d.stretchClassByCPULimit()
	if in.Startup.Inject {
		d.startup()
	}
	if in.Readiness.Inject {
		d.readiness()
	}
	if in.Liveness.Inject {
		d.liveness()
		if len(d.clashes) == 0 {
			d.keepLivenessMorePatient()
			d.delayLiveness()
		}
	}
	return d.out, d.clashes
}

// derivation is the state of one Derive: inputs, results so far, and contradictions found.
type derivation struct {
	in      Inputs
	out     Timeline
	clashes []Clash

	budget, typicalStart int32
}

// stretchClassByCPULimit fixes budget and typical start. A CPU limit below one core slows the start of classes
// that compile or load much; it stretches the class's figures, at most four times, and never a person's own.
func (d *derivation) stretchClassByCPULimit() {
	d.budget, d.typicalStart = d.in.Class.StartupBudget, d.in.Class.TypicalStart
	if limit := d.in.CPULimitMillis; d.in.Class.SlowedByCPULimit && limit > 0 && limit < milliPerCore {
		d.typicalStart = stretch(d.typicalStart, limit)
		d.budget = max(d.budget, min(stretch(d.budget, limit), d.in.MaxStartupBudget))
	}
	if d.in.StartupBudget > 0 {
		d.budget = d.in.StartupBudget
		d.typicalStart = min(d.in.Class.TypicalStart, d.budget/typicalStartShare)
	}
}

func stretch(seconds int32, limitMillis int64) int32 {
	stretched := ceilDiv64(int64(seconds)*milliPerCore, limitMillis)
	return int32(min(int64(seconds)*maxCPUStretch, stretched)) //nolint:gosec // at most maxCPUStretch times an int32 of seconds
}

// fitTimeout keeps a timeout within its period: a longer one would stretch the real period, because the kubelet
// runs the probes of a worker one after the other. The derived one of the two gives way.
func (d *derivation) fitTimeout(kind probe.Kind, fields Fields, period, timeout int32) (int32, int32) {
	if fields.PeriodSeconds != nil {
		period = *fields.PeriodSeconds
	}
	if timeout <= period {
		return period, timeout
	}
	if fields.PeriodSeconds == nil {
		return timeout, timeout
	}
	if fields.TimeoutSeconds != nil {
		d.clash(kind, probe.TimeoutSeconds, "is %ds, periodSeconds is %ds: a timeout fits into its period", timeout, period)
	}
	return period, period
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
