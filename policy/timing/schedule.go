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
	windowRatio          = 2
	minLivenessTolerance = MinRestartAfter
	typicalStartShare    = 6
	maxCPUStretch        = 4
	milliPerCore         = 1000
)

// Plan says of one probe kind whether it will be injected and what is known about it.
type Plan struct {
	// Inject says that the probe will be added. When it is false the other members mean nothing.
	Inject bool
	// Exec says that the handler runs a command in the container, which costs more than a connection.
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
	// ExistingStartup says that the container already has a startup probe, so that liveness is guarded.
	ExistingStartup bool
	// ExistingReadinessWindow is failureThreshold*periodSeconds of a readiness probe that the container already
	// has; 0 is none. An injected liveness probe stays more patient than it.
	ExistingReadinessWindow int32

	Startup, Liveness, Readiness Plan
}

// Schedule is the derived timing of the planned probes; the timing of a probe that is not planned is zero.
type Schedule struct {
	Startup, Liveness, Readiness Timing
}

// Of gives the timing of one kind.
func (s *Schedule) Of(kind probe.Kind) Timing {
	switch kind {
	case probe.Startup:
		return s.Startup
	case probe.Liveness:
		return s.Liveness
	default:
		return s.Readiness
	}
}

// Derive computes all timing fields of the planned probes. Clashes are contradictions between figures that a
// person set; the timing of a kind with a clash must not be used.
func Derive(in Inputs) (Schedule, []Clash) {
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
	out     Schedule
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

// startup: the probe that lets liveness wait. It polls often, because readiness waits for it, and its failure
// threshold makes up the budget.
func (d *derivation) startup() {
	fields, exec := d.in.Startup.Fields, d.in.Startup.Exec
	timeout := orDefault(fields.TimeoutSeconds, pick(exec, execTimeout, d.in.Class.StartTimeout))
	period := clamp(ceilDiv(d.budget, budgetSteps), timeout, maxStartupPeriod)
	if exec {
		period = clamp(ceilDiv(d.budget, budgetSteps), max(minExecStartupPeriod, timeout), maxExecStartupPeriod)
	}
	delay := orDefault(fields.InitialDelaySeconds, d.sharedDelay())
	remaining := max(0, d.budget-delay)
	if fields.FailureThreshold != nil && fields.PeriodSeconds == nil && d.in.StartupBudget > 0 && *fields.FailureThreshold > 1 {
		period = clamp(ceilDiv(remaining, *fields.FailureThreshold-1), period, maxPeriodSeconds)
	}
	period, timeout = d.fitTimeout(probe.Startup, fields, period, timeout)
	failures := orDefault(fields.FailureThreshold, max(minStartupFailures, ceilDiv(remaining, period)+1))
	d.out.Startup = complete(fields, delay, period, timeout, failures)
	d.checkStartup(fields)
	if exec {
		d.checkExecPeriod(probe.Startup, fields, period, minExecStartupPeriod)
	}
}

func (d *derivation) checkStartup(fields Fields) {
	earliest := d.out.Startup.EarliestAct()
	switch {
	case d.in.StartupBudget > 0 && earliest < d.in.StartupBudget:
		d.clash(probe.Startup, blame(fields, probe.FailureThreshold, probe.PeriodSeconds, probe.InitialDelaySeconds),
			"allows %ds to start, startup-budget is %ds", earliest, d.in.StartupBudget)
	case earliest < MinStartupBudget:
		d.clash(probe.Startup, blame(fields, probe.FailureThreshold, probe.PeriodSeconds, probe.InitialDelaySeconds),
			"allows %ds to start, at least %ds are needed", earliest, MinStartupBudget)
	}
}

// sharedDelay is the initialDelaySeconds of all probes beside a startup probe: half the typical start, because
// probing earlier only makes events.
func (d *derivation) sharedDelay() int32 {
	return clamp(ceilDiv(d.typicalStart, 2), minInitialDelay, MaxInitialDelaySeconds)
}

// readiness: quick to stop traffic, harmless when it errs.
func (d *derivation) readiness() {
	fields, exec := d.in.Readiness.Fields, d.in.Readiness.Exec
	within := d.unreadyAfter()
	period := pick(exec, minExecPeriod, d.in.Class.ReadinessPeriod)
	timeout := pick(exec, execTimeout, d.in.Class.StartTimeout)
	if fields.TimeoutSeconds != nil {
		timeout = *fields.TimeoutSeconds
	}
	if human := d.in.UnreadyAfter; human > 0 && fields.PeriodSeconds == nil {
		if minReadinessFailures*period+timeout > human && !exec {
			period = min(period, usualReadinessPeriod)
		}
		if n := fields.FailureThreshold; n != nil {
			period, timeout = fitReadiness(human, *n, period, timeout, fields.TimeoutSeconds == nil)
		}
	}
	period, timeout = d.fitTimeout(probe.Readiness, fields, period, timeout)
	if spare := within - minReadinessFailures*period; fields.TimeoutSeconds == nil && d.in.UnreadyAfter > 0 && spare >= usualTimeout {
		timeout = min(timeout, spare)
	}
	failures := orDefault(fields.FailureThreshold, max(minReadinessFailures, (within-timeout)/period))
	d.out.Readiness = complete(fields, d.readinessDelay(fields), period, timeout, failures)
	if exec {
		d.checkExecPeriod(probe.Readiness, fields, period, minExecPeriod)
	}
	if promised := d.in.UnreadyAfter; promised > 0 && d.out.Readiness.Detection() > promised {
		d.clash(probe.Readiness, blame(fields, probe.FailureThreshold, probe.PeriodSeconds, probe.TimeoutSeconds),
			"needs %ds to stop traffic, unready-after is %ds", d.out.Readiness.Detection(), promised)
	}
}

// checkExecPeriod refuses commands that are started so often that they cost the node more than they find: 100 Pods
// that run /bin/true every 10 to 30 s took a third of a node's CPU (kubernetes/kubernetes#82440).
func (d *derivation) checkExecPeriod(kind probe.Kind, fields Fields, period, least int32) {
	if period < least {
		d.clash(kind, blame(fields, probe.PeriodSeconds, probe.FailureThreshold), "runs a command every %ds, at least %ds apart are needed", period, least)
	}
}

// fitReadiness finds the longest period, up to the given one, with which a fixed number of failures and a timeout
// fit into a person's figure. A derived timeout gets shorter with its period.
func fitReadiness(within, failures, period, timeout int32, derivedTimeout bool) (int32, int32) {
	fitted := (within - timeout) / failures
	if derivedTimeout && fitted < timeout {
		fitted = within / (failures + 1)
		timeout = max(1, fitted)
	}
	return clamp(fitted, 1, period), timeout
}

func (d *derivation) unreadyAfter() int32 {
	if d.in.UnreadyAfter > 0 {
		return d.in.UnreadyAfter
	}
	return pick(d.in.Readiness.Exec, max(slowUnreadyAfter, d.in.Class.UnreadyAfter), d.in.Class.UnreadyAfter)
}

func (d *derivation) readinessDelay(fields Fields) int32 {
	derived := d.sharedDelay()
	if d.livenessWaits() {
		derived = min(MaxInitialDelaySeconds, d.typicalStart/2)
	}
	return orDefault(fields.InitialDelaySeconds, derived)
}

// livenessWaits says that no startup probe guards the container, so that liveness itself waits for the budget.
func (d *derivation) livenessWaits() bool {
	guarded := d.in.Startup.Inject || d.in.ExistingStartup
	return !guarded && (d.in.Liveness.Inject || d.in.Style == StyleInitialDelay)
}

// liveness: slow to act, because acting restarts the container.
func (d *derivation) liveness() {
	fields, exec := d.in.Liveness.Fields, d.in.Liveness.Exec
	tolerated := d.in.Class.RestartAfter
	if d.in.RestartAfter > 0 {
		tolerated = d.in.RestartAfter
	}
	period := clamp(ceilDiv(tolerated, livenessSteps), pick(exec, minExecPeriod, minLivenessPeriod), maxLivenessPeriod)
	if n := fields.FailureThreshold; n != nil && fields.PeriodSeconds == nil && d.in.RestartAfter > 0 {
		period = clamp(ceilDiv(tolerated, *n-1), period, maxPeriodSeconds)
	}
	timeout := orDefault(fields.TimeoutSeconds, livenessTimeout)
	period, timeout = d.fitTimeout(probe.Liveness, fields, period, timeout)
	failures := orDefault(fields.FailureThreshold, max(minLivenessFailures, ceilDiv(tolerated, period)+1))
	d.out.Liveness = complete(fields, 0, period, timeout, failures)

	required := max(minLivenessTolerance, d.in.RestartAfter)
	if got := d.out.Liveness.Tolerance(); got < required {
		d.clash(probe.Liveness, blame(fields, probe.FailureThreshold, probe.PeriodSeconds),
			"restarts after %ds of silence, at least %ds are needed", got, required)
	}
	if exec {
		d.checkExecPeriod(probe.Liveness, fields, period, minExecPeriod)
	}
}

// keepLivenessMorePatient makes sure that a Pod is out of rotation well before it is restarted: the liveness
// window is at least twice the readiness window. Where the class chose the readiness figures they give way
// first; a person's unready-after, explicit readiness fields and probes that exist stay, and liveness waits longer.
func (d *derivation) keepLivenessMorePatient() {
	live, ready := &d.out.Liveness, &d.out.Readiness
	if d.in.Readiness.Inject && live.Window() < windowRatio*ready.Window() && d.mayLowerReadiness() {
		ready.FailureThreshold = max(minReadinessFailures, min(ready.FailureThreshold, live.Window()/(windowRatio*ready.PeriodSeconds)))
	}
	needed := windowRatio * max(ready.Window(), d.in.ExistingReadinessWindow)
	if live.Window() >= needed {
		return
	}
	fields := d.in.Liveness.Fields
	switch {
	case fields.FailureThreshold == nil:
		live.FailureThreshold = ceilDiv(needed, live.PeriodSeconds)
	case fields.PeriodSeconds == nil && ceilDiv(needed, live.FailureThreshold) <= maxPeriodSeconds:
		live.PeriodSeconds = ceilDiv(needed, live.FailureThreshold)
	default:
		d.clash(probe.Liveness, probe.FailureThreshold,
			"gives liveness %ds, readiness needs %ds: twice as long or more", live.Window(), needed)
	}
}

func (d *derivation) mayLowerReadiness() bool {
	return d.in.UnreadyAfter == 0 && d.in.Readiness.Fields.FailureThreshold == nil
}

// delayLiveness comes last, because without a startup probe the delay makes up what the final thresholds do not
// cover of the budget.
func (d *derivation) delayLiveness() {
	fields, live := d.in.Liveness.Fields, &d.out.Liveness
	if !d.livenessWaits() {
		live.InitialDelaySeconds = orDefault(fields.InitialDelaySeconds, d.sharedDelay())
		return
	}
	live.InitialDelaySeconds = orDefault(fields.InitialDelaySeconds, max(d.typicalStart, d.budget-live.Tolerance()))
	switch {
	case live.InitialDelaySeconds == 0:
		d.clash(probe.Liveness, probe.InitialDelaySeconds, "is 0 and no startup probe protects the start")
	case d.in.StartupBudget > 0 && live.EarliestAct() < d.in.StartupBudget:
		d.clash(probe.Liveness, probe.InitialDelaySeconds,
			"allows %ds to start, startup-budget is %ds", live.EarliestAct(), d.in.StartupBudget)
	}
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

func clamp(value, low, high int32) int32 { return max(low, min(value, high)) }

func ceilDiv(a, b int32) int32 { return (a + b - 1) / b }

func ceilDiv64(a, b int64) int64 { return (a + b - 1) / b }
