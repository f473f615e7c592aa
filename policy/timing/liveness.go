package timing

import "github.com/probe-injector/probe-injector/policy/probe"

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
	if d.in.Readiness.Inject && live.Window() < WindowRatio*ready.Window() && d.mayLowerReadiness() {
		ready.FailureThreshold = max(minReadinessFailures, min(ready.FailureThreshold, live.Window()/(WindowRatio*ready.PeriodSeconds)))
	}
	needed := WindowRatio * max(ready.Window(), d.in.ExistingReadinessWindow)
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
	live.InitialDelaySeconds = orDefault(fields.InitialDelaySeconds, max(d.typicalStart, d.budget+startedAtGranularity-live.Tolerance()))
	switch {
	case live.InitialDelaySeconds == 0:
		d.clash(probe.Liveness, probe.InitialDelaySeconds, "is 0 and no startup probe protects the start")
	case d.in.StartupBudget > 0 && live.EarliestAct()+startedAtGranularity < d.in.StartupBudget:
		d.clash(probe.Liveness, probe.InitialDelaySeconds,
			"allows %ds to start, startup-budget is %ds", live.EarliestAct(), d.in.StartupBudget)
	}
}
