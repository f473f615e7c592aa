package timing

import "github.com/probe-injector/probe-injector/policy/probe"

// startup: the probe that lets liveness wait. It polls often, because readiness waits for it, and its failure
// threshold makes up the budget. It is never stricter than the liveness probe beside it: an application that answers as
// slowly as liveness allows must get past its start.
func (d *derivation) startup() {
	own, exec := d.in.Startup.Fields, d.in.Startup.Exec
	fields := d.in.Startup.Suggested.Override(own)
	guarded := d.guarded()
	period, timeout := d.startupPeriod(fields, guarded.TimeoutSeconds)
	delay := orDefault(fields.InitialDelaySeconds, d.sharedDelay())
	if own.PeriodSeconds == nil {
		needed := pick(own.FailureThreshold == nil, MinStartupBudget, max(MinStartupBudget, d.in.StartupBudget))
		period = max(period, slowEnough(fields, delay, needed))
	}
	period, timeout = d.fitTimeout(probe.Startup, period, timeout)
	derived := max(minStartupFailures, ceilDiv(max(0, d.budget+startedAtGranularity-delay), period)+1)
	failures := orDefault(fields.FailureThreshold, derived)
	if own.FailureThreshold == nil && d.in.StartupBudget > 0 {
		failures = max(failures, derived)
	}
	d.out.Startup = complete(fields, delay, period, timeout, failures)
	// The API server refuses the Pod whose probe has a grace period that is not above zero.
	if grace := guarded.TerminationGracePeriodSeconds; fields.TerminationGracePeriodSeconds == nil && grace != nil && *grace > 0 {
		d.out.Startup.TerminationGracePeriodSeconds = guarded.TerminationGracePeriodSeconds
	}
	d.checkStartup(own)
	d.keepGuardLenient(own)
	if exec {
		d.checkExecPeriod(probe.Startup, own, period, minExecStartupPeriod)
	}
}

// guarded is the liveness probe beside which the startup probe stands: the one that is planned, else the one that exists.
func (d *derivation) guarded() Timing {
	if d.in.Liveness.Inject {
		return d.out.Liveness
	}
	return d.in.ExistingLiveness
}

// startupPeriod are the period and the timeout before a person's figures are fitted to each other.
func (d *derivation) startupPeriod(fields Fields, least int32) (period, timeout int32) {
	timeout = max(orDefault(fields.TimeoutSeconds, livenessTimeout), least)
	if own := d.in.Startup.Fields.TimeoutSeconds; own != nil {
		timeout = *own
	}
	period = min(ceilDiv(d.budget, budgetSteps), maxStartupPeriod)
	if d.in.Startup.Exec {
		period = clamp(ceilDiv(d.budget, budgetSteps), minExecStartupPeriod, maxExecStartupPeriod)
	}
	return orDefault(fields.PeriodSeconds, max(period, minStartupPeriod)), timeout
}

// slowEnough is the period with which a failureThreshold that is set makes up the seconds that a start must have; 0 where
// none is set.
func slowEnough(fields Fields, delay, needed int32) int32 {
	if fields.FailureThreshold == nil {
		return 0
	}
	return min(ceilDiv(max(0, needed+startedAtGranularity-delay), max(1, *fields.FailureThreshold-1)), maxPeriodSeconds)
}

// keepGuardLenient settles that a person left the startup probe less time for an answer than liveness has, by its timeout
// or by its period: a timeout of liveness that was derived follows, another one is a contradiction. A startup probe that
// asks something else than liveness may be as strict as a person wants.
func (d *derivation) keepGuardLenient(own Fields) {
	start, live := d.out.Startup.TimeoutSeconds, d.guarded().TimeoutSeconds
	if !d.in.SameCheck || start >= live {
		return
	}
	if d.in.Liveness.Inject && d.in.Liveness.Fields.TimeoutSeconds == nil {
		d.out.Liveness.TimeoutSeconds = start
		return
	}
	d.clash(probe.Startup, blame(own, probe.TimeoutSeconds, probe.PeriodSeconds),
		"leaves %ds for an answer, liveness %ds: at least as much is needed", start, live)
}

func (d *derivation) checkStartup(own Fields) {
	earliest := d.out.Startup.EarliestAct()
	// A person who sets every field counts without the second that the kubelet may begin early, and is not told off for
	// it.
	nominal := earliest + startedAtGranularity
	switch {
	case d.in.StartupBudget > 0 && nominal < d.in.StartupBudget:
		d.clash(probe.Startup, blame(own, probe.FailureThreshold, probe.PeriodSeconds, probe.InitialDelaySeconds),
			"allows %ds to start, startup-budget is %ds", earliest, d.in.StartupBudget)
	case nominal < MinStartupBudget:
		d.clash(probe.Startup, blame(own, probe.FailureThreshold, probe.PeriodSeconds, probe.InitialDelaySeconds),
			"allows %ds to start, at least %ds are needed", earliest, MinStartupBudget)
	}
}
