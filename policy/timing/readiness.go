package timing

import "github.com/probe-injector/probe-injector/policy/probe"

// readiness: quick to stop traffic, harmless when it errs.
func (d *derivation) readiness() {
	own, exec := d.in.Readiness.Fields, d.in.Readiness.Exec
	fields := d.in.Readiness.Suggested.Override(own)
	human := answer(d.in.UnreadyAfter, d.in.Suggested.UnreadyAfter)
	within := d.unreadyAfter(human)
	period := orDefault(fields.PeriodSeconds, pick(exec, minExecPeriod, d.in.Class.ReadinessPeriod))
	timeout := orDefault(fields.TimeoutSeconds, pick(exec, execTimeout, d.in.Class.ReadinessTimeout))
	if human > 0 && fields.PeriodSeconds == nil {
		if minReadinessFailures*period+timeout > human && !exec {
			period = min(period, usualReadinessPeriod)
		}
		if n := fields.FailureThreshold; n != nil {
			period, timeout = fitReadiness(human, *n, period, timeout, fields.TimeoutSeconds == nil)
		}
	}
	period, timeout = d.fitTimeout(probe.Readiness, period, timeout)
	if spare := within - minReadinessFailures*period; fields.TimeoutSeconds == nil && human > 0 && spare >= usualTimeout {
		timeout = min(timeout, spare)
	}
	failures := orDefault(fields.FailureThreshold, max(minReadinessFailures, (within-timeout)/period))
	d.out.Readiness = complete(fields, d.readinessDelay(fields), period, timeout, failures)
	if exec {
		d.checkExecPeriod(probe.Readiness, own, period, minExecPeriod)
	}
	if human > 0 && d.out.Readiness.Detection() > human {
		d.clash(probe.Readiness, blame(own, probe.FailureThreshold, probe.PeriodSeconds, probe.TimeoutSeconds),
			"needs %ds to stop traffic, unready-after is %ds", d.out.Readiness.Detection(), human)
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

func (d *derivation) unreadyAfter(human int32) int32 {
	if human > 0 {
		return human
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
