package timing

import "github.com/probe-injector/probe-injector/policy/probe"

// livenessWaits says that no startup probe guards the container, so that liveness itself waits for the budget.
func (d *derivation) livenessWaits() bool {
	return !d.in.guarded() && (d.in.Liveness.Inject || d.in.Style == StyleInitialDelay)
}

// liveness: slow to act, because acting restarts the container.
func (d *derivation) liveness() {
	own, exec := d.in.Liveness.Fields, d.in.Liveness.Exec
	fields := d.in.Liveness.Suggested.Override(own)
	tolerated := answer(d.in.RestartAfter, d.in.Suggested.RestartAfter, d.in.Class.RestartAfter)
	derived := clamp(ceilDiv(tolerated, livenessSteps), pick(exec, minExecPeriod, minLivenessPeriod), maxLivenessPeriod)
	period := orDefault(fields.PeriodSeconds, derived)
	if n := own.FailureThreshold; n != nil && own.PeriodSeconds == nil && d.in.RestartAfter > 0 {
		period = clamp(ceilDiv(tolerated, *n-1), period, maxPeriodSeconds)
	}
	period, timeout := d.fitTimeout(probe.Liveness, period, orDefault(fields.TimeoutSeconds, livenessTimeout))
	enough := max(minLivenessFailures, ceilDiv(tolerated, period)+1)
	failures := orDefault(fields.FailureThreshold, enough)
	if own.FailureThreshold == nil && (own.PeriodSeconds != nil || d.in.RestartAfter > 0) {
		failures = max(failures, enough)
	}
	d.out.Liveness = complete(fields, 0, period, timeout, failures)

	required := max(minLivenessTolerance, d.in.RestartAfter)
	if got := d.out.Liveness.Tolerance(); got < required {
		d.clash(probe.Liveness, blame(own, probe.FailureThreshold, probe.PeriodSeconds),
			"restarts after %ds of silence, at least %ds are needed", got, required)
	}
	if exec {
		d.checkExecPeriod(probe.Liveness, own, period, minExecPeriod)
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
	own := d.in.Liveness.Fields
	switch {
	case own.FailureThreshold == nil:
		live.FailureThreshold = ceilDiv(needed, live.PeriodSeconds)
	case own.PeriodSeconds == nil && ceilDiv(needed, live.FailureThreshold) <= maxPeriodSeconds:
		live.PeriodSeconds = ceilDiv(needed, live.FailureThreshold)
	default:
		d.clash(probe.Liveness, probe.FailureThreshold,
			"gives liveness %ds, readiness needs %ds: twice as long or more", live.Window(), needed)
	}
}

func (d *derivation) mayLowerReadiness() bool {
	asked := d.in.UnreadyAfter > 0 || d.in.Suggested.UnreadyAfter > 0
	return !asked && d.in.Readiness.Fields.FailureThreshold == nil && d.in.Readiness.Suggested.FailureThreshold == nil
}

// delayLiveness comes last, because without a startup probe the delay makes up what the final thresholds do not
// cover of the budget. A profile's delay may be longer than that, and never shorter.
func (d *derivation) delayLiveness() {
	own, live := d.in.Liveness.Fields, &d.out.Liveness
	suggested := d.in.Liveness.Suggested.InitialDelaySeconds
	if !d.livenessWaits() {
		live.InitialDelaySeconds = orDefault(own.InitialDelaySeconds, orDefault(suggested, d.sharedDelay()))
		return
	}
	needed := max(d.typicalStart, d.budget+startedAtGranularity-live.Tolerance(), orDefault(suggested, 0))
	live.InitialDelaySeconds = orDefault(own.InitialDelaySeconds, needed)
	switch {
	case live.InitialDelaySeconds == 0:
		d.clash(probe.Liveness, probe.InitialDelaySeconds, "is 0 and no startup probe protects the start")
	case d.in.StartupBudget > 0 && live.EarliestAct()+startedAtGranularity < d.in.StartupBudget:
		d.clash(probe.Liveness, probe.InitialDelaySeconds,
			"allows %ds to start, startup-budget is %ds", live.EarliestAct(), d.in.StartupBudget)
	}
}
