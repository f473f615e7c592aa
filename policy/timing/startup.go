package timing

import "github.com/probe-injector/probe-injector/policy/probe"

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
	remaining := max(0, d.budget+startedAtGranularity-delay)
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
	// A person who sets every field counts without the second that the kubelet may begin early, and is not told off for
	// it.
	nominal := earliest + startedAtGranularity
	switch {
	case d.in.StartupBudget > 0 && nominal < d.in.StartupBudget:
		d.clash(probe.Startup, blame(fields, probe.FailureThreshold, probe.PeriodSeconds, probe.InitialDelaySeconds),
			"allows %ds to start, startup-budget is %ds", earliest, d.in.StartupBudget)
	case nominal < MinStartupBudget:
		d.clash(probe.Startup, blame(fields, probe.FailureThreshold, probe.PeriodSeconds, probe.InitialDelaySeconds),
			"allows %ds to start, at least %ds are needed", earliest, MinStartupBudget)
	}
}
