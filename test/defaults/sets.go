package main

import (
	"fmt"

	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

// set is one way to probe a container.
type set struct {
	// name heads a column.
	name string
	// about says what it is, and where it is published.
	about string
	// probes are those for a class.
	probes func(timing.Class) (kubelet.Probes, error)
	// ours says that the promises of the engine are about this set.
	ours bool
}

func sets() []set {
	return []set{
		{"probe-injector", "the default of the class, style StartupProbe, with handlers that ask the application (http, grpc)", derived(timing.StyleStartupProbe, kubelet.Request), true},
		{"probe-injector, tcp", "the same where nothing better than a TCP port is known", derived(timing.StyleStartupProbe, kubelet.Connect), true},
		{"probe-injector, InitialDelay", "the default of the class, style InitialDelay, handlers that ask", derived(timing.StyleInitialDelay, kubelet.Request), true},
		{
			"API defaults", "the defaults of the API server (0/10/1/3) for liveness and readiness, handlers that ask; [`SetDefaults_Probe`](https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/apis/core/v1/defaults.go)",
			fixed(kubelet.Probes{Liveness: &kubelet.Probe{}, Readiness: &kubelet.Probe{}}), false,
		},
		{
			"charts", "the median of 117 [bitnami charts](https://github.com/bitnami/charts/tree/5165628), whose startup probes are off in 93 %: liveness 20/10/5/5, readiness 10/10/5/5, handlers that ask",
			fixed(kubelet.Probes{Liveness: timed(kubelet.Request, 20, 10, 5, 5), Readiness: timed(kubelet.Request, 10, 10, 5, 5)}), false,
		},
		{
			"Polaris", "what Polaris' mutation adds to [liveness](https://github.com/FairwindsOps/polaris/blob/06aafdbf274a56c51603dd8c5dce9c2486a4b968/pkg/config/checks/livenessProbeMissing.yaml) and [readiness](https://github.com/FairwindsOps/polaris/blob/06aafdbf274a56c51603dd8c5dce9c2486a4b968/pkg/config/checks/readinessProbeMissing.yaml), as a placeholder to be changed: `cat /tmp/healthy`, 5/5/1/3, in a container that has no such file",
			fixed(polaris(kubelet.AlwaysFails)), false,
		},
		{"Polaris, file", "the same in a container that has the file, whatever its application does", fixed(polaris(kubelet.AlwaysSucceeds)), false},
		{
			"Azure", "what [Azure Container Apps](https://learn.microsoft.com/azure/container-apps/health-probes) adds: startup tcp 1/1/3/240, readiness tcp 3/5/5/48, liveness tcp with the API server's defaults",
			fixed(kubelet.Probes{
				Startup: timed(kubelet.Connect, 1, 1, 3, 240), Readiness: timed(kubelet.Connect, 3, 5, 5, 48), Liveness: &kubelet.Probe{Handler: kubelet.Connect},
			}), false,
		},
	}
}

func polaris(handler kubelet.Handler) kubelet.Probes {
	return kubelet.Probes{Liveness: timed(handler, 5, 5, 1, 3), Readiness: timed(handler, 5, 5, 1, 3)}
}

func timed(handler kubelet.Handler, delay, period, timeout, failures int32) *kubelet.Probe {
	return &kubelet.Probe{
		Handler: handler, InitialDelaySeconds: delay, PeriodSeconds: period, TimeoutSeconds: timeout,
		SuccessThreshold: 1, FailureThreshold: failures,
	}
}

func fixed(probes kubelet.Probes) func(timing.Class) (kubelet.Probes, error) {
	return func(timing.Class) (kubelet.Probes, error) { return probes, nil }
}

// derived gives the probes that a Pod gets from us when it asks and says nothing else about time.
func derived(style timing.Style, handler kubelet.Handler) func(timing.Class) (kubelet.Probes, error) {
	return func(class timing.Class) (kubelet.Probes, error) {
		startup := style == timing.StyleStartupProbe
		schedule, clashes := timing.Derive(timing.Inputs{
			Class: class, Style: style, MaxStartupBudget: timing.MaxStartupBudgetCeiling,
			Startup: timing.Plan{Inject: startup}, Liveness: timing.Plan{Inject: true}, Readiness: timing.Plan{Inject: true},
		})
		if len(clashes) > 0 {
			return kubelet.Probes{}, fmt.Errorf("class %s, style %s: %v", class.Name, style, clashes)
		}
		probes := kubelet.Probes{Liveness: probe(handler, schedule.Liveness), Readiness: probe(handler, schedule.Readiness)}
		if startup {
			probes.Startup = probe(handler, schedule.Startup)
		}
		return probes, nil
	}
}

func probe(handler kubelet.Handler, t timing.Timing) *kubelet.Probe {
	return &kubelet.Probe{
		Handler: handler, InitialDelaySeconds: t.InitialDelaySeconds, PeriodSeconds: t.PeriodSeconds,
		TimeoutSeconds: t.TimeoutSeconds, SuccessThreshold: t.SuccessThreshold, FailureThreshold: t.FailureThreshold,
	}
}
