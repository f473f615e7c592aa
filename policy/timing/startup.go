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
