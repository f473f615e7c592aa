package alerts

import (
	"fmt"
	"strings"
	"time"
)

// pod is what is known of one Pod of a workload: a container "app", its probes by the kubelet's count, and how it ended. Each
// is a list of values, one a minute.
type pod struct {
	name, replicaSet string
	// injected is whether it has the label of injected probes.
	injected bool
	// restarts is its counter, and failed, passed the kubelet's.
	restarts       string
	failed, passed map[string]string
	// exit is how it ended before, and oom whether for lack of memory.
	exit int
	oom  bool
}

// series are those of kube-state-metrics and of the kubelet about it.
func (p pod) series() []string {
	owner := p.replicaSet
	if owner == "" {
		owner = "web-1"
	}
	id := fmt.Sprintf(`namespace="shop",pod=%q,uid="u-%s"`, p.name, p.name)
	container := id + `,container="app"`
	all := []string{
		fmt.Sprintf(`kube_pod_owner{%s,owner_kind="ReplicaSet",owner_name=%q,owner_is_controller="true"} 1x120`, id, owner),
		fmt.Sprintf(`kube_pod_container_status_restarts_total{%s} %s`, container, p.restarts),
	}
	label := ""
	if p.injected {
		label = `,label_probe_injector_dev_injected="true"`
	}
	all = append(all, fmt.Sprintf(`kube_pod_labels{%s%s} 1x120`, id, label))
	for result, counts := range map[string]map[string]string{"failed": p.failed, "successful": p.passed} {
		for probe, values := range counts {
			all = append(all, fmt.Sprintf(`prober_probe_total{probe_type=%q,result=%q,container="app",pod=%q,namespace="shop",pod_uid="u-%s"} %s`,
				probe, result, p.name, p.name, values))
		}
	}
	if p.exit != 0 {
		all = append(all, fmt.Sprintf(`kube_pod_container_status_last_terminated_exitcode{%s} _x20 %dx100`, container, p.exit))
	}
	if p.oom {
		all = append(all, fmt.Sprintf(`kube_pod_container_status_last_terminated_reason{%s,reason="OOMKilled"} _x20 1x100`, container))
	}
	return all
}

// deployment is a Deployment with these Pods.
func deployment(pods ...pod) []string {
	all := []string{
		`kube_replicaset_owner{namespace="shop",replicaset="web-1",owner_kind="Deployment",owner_name="web",owner_is_controller="true"} 1x120`,
		`kube_replicaset_owner{namespace="shop",replicaset="web-2",owner_kind="Deployment",owner_name="web",owner_is_controller="true"} 1x120`,
	}
	for i, p := range pods {
		p.name = fmt.Sprintf("web-%d", i)
		all = append(all, p.series()...)
	}
	return all
}

// Pods of which each test is made. They restart after 20 minutes.
func healthy() pod {
	return pod{injected: true, restarts: "0x120", passed: map[string]string{"Liveness": "0+6x120", "Readiness": "0+6x120"}}
}

// restarted is one that restarts, with the failures of a probe before.
func restarted(probe, failures string) pod {
	p := healthy()
	p.restarts = "0x20 1x100"
	if probe != "" {
		p.failed = map[string]string{probe: failures}
	}
	return p
}

// killed is one that the kubelet ends because liveness fails.
func killed() pod { return restarted("Liveness", "_x18 3 6x100") }

func restarting() []trial {
	const (
		alert = "ProbeInjectorRestartsWorkload"
		soon  = 25 * time.Minute
	)
	with := func(p pod, change func(*pod)) pod { change(&p); return p }
	statefulSet := strings.Split(strings.ReplaceAll(strings.Join(deployment(killed(), killed()), "\n"), `owner_kind="ReplicaSet",owner_name="web-1"`, `owner_kind="StatefulSet",owner_name="web"`), "\n")
	sidecar := strings.Split(strings.ReplaceAll(strings.Join(deployment(killed(), killed()), "\n"), "kube_pod_container_status_restarts", "kube_pod_init_container_status_restarts"), "\n")
	startup := restarted("Startup", "_x18 3 6x100")
	return []trial{
		{"fires when two of three Pods restart while liveness fails", alert, workloads, deployment(killed(), killed(), healthy()), soon, true},
		{"fires when liveness had failed before", alert, workloads, deployment(restarted("Liveness", "2x18 3 6x100"), restarted("Liveness", "2x18 3 6x100")), soon, true},
		{"fires for a StatefulSet", alert, workloads, statefulSet, soon, true},
		{"fires for native sidecars", alert, workloads, sidecar, soon, true},
		{"fires when the only Pod restarts twice", alert, workloads, deployment(with(killed(), func(p *pod) { p.restarts = "0x20 1x3 2x100" })), soon, true},
		{"fires when the startup probe ends starts by a signal", alert, workloads, deployment(with(startup, func(p *pod) { p.exit = 137 }), with(startup, func(p *pod) { p.exit = 143 })), soon, true},
		{"is quiet about a crash without a failed probe", alert, workloads, deployment(restarted("", ""), restarted("", ""), restarted("", "")), soon, false},
		{"is quiet about a crash long after a failed probe", alert, workloads, deployment(restarted("Liveness", "0x1 3x119"), restarted("Liveness", "0x1 3x119")), soon, false},
		{"is quiet about failed probes without a restart", alert, workloads, deployment(
			with(killed(), func(p *pod) { p.restarts = "0x120" }), with(killed(), func(p *pod) { p.restarts = "0x120" })), soon, false},
		{"is quiet about one Pod of three", alert, workloads, deployment(with(killed(), func(p *pod) { p.restarts = "0x20 1x2 2x2 3x100" }), healthy(), healthy()), soon, false},
		{"is quiet about half of the Pods", alert, workloads, deployment(killed(), killed(), healthy(), healthy()), soon, false},
		{"is quiet about a single restart of the only Pod", alert, workloads, deployment(killed()), soon, false},
		{"is quiet about the first Pod of a rollout", alert, workloads, deployment(
			with(killed(), func(p *pod) { p.replicaSet, p.restarts = "web-2", "0x20 1x2 2x100" }), healthy(), healthy()), soon, false},
		{"is quiet when memory runs out while liveness fails", alert, workloads, deployment(with(killed(), func(p *pod) { p.oom = true }), with(killed(), func(p *pod) { p.oom = true })), soon, false},
		{"is quiet about crashes at the start", alert, workloads, deployment(with(startup, func(p *pod) { p.exit = 1 }), with(startup, func(p *pod) { p.exit = 1 })), soon, false},
		{"is quiet about readiness that fails before a crash", alert, workloads, deployment(restarted("Readiness", "_x18 3 6x100"), restarted("Readiness", "_x18 3 6x100")), soon, false},
		{"is quiet about Pods without injected probes", alert, workloads, deployment(with(killed(), func(p *pod) { p.injected = false }), with(killed(), func(p *pod) { p.injected = false })), soon, false},
		{"is quiet a quarter of an hour later", alert, workloads, deployment(killed(), killed(), healthy()), 40 * time.Minute, false},
	}
}

// unready is one whose readiness fails from its start.
func unready() pod {
	return pod{injected: true, restarts: "0x120", failed: map[string]string{"Readiness": "1+6x120"}, passed: map[string]string{"Liveness": "0+6x120"}}
}

func neverReady() []trial {
	const (
		alert = "ProbeInjectorNeverReady"
		late  = 40 * time.Minute
	)
	with := func(p pod, change func(*pod)) pod { change(&p); return p }
	lost := with(unready(), func(p *pod) { p.passed["Readiness"] = "3x120" })
	crashing := with(unready(), func(p *pod) { p.restarts = "0x4 1x5 2x5 3x5 4x5 5x5 6x5 7x5 8x100" })
	slow := with(unready(), func(p *pod) {
		p.failed["Readiness"], p.passed["Readiness"] = "1+6x20 127x100", "_x20 1+6x100"
	})
	return []trial{
		{"fires when two of three Pods are never ready for half an hour", alert, workloads, deployment(unready(), unready(), healthy()), late, true},
		{"fires for the only Pod", alert, workloads, deployment(unready()), late, true},
		{"is quiet before that", alert, workloads, deployment(unready(), unready(), unready()), 25 * time.Minute, false},
		{"is quiet about Pods that were ready once", alert, workloads, deployment(lost, lost, lost), late, false},
		{"is quiet about Pods that crash", alert, workloads, deployment(crashing, crashing), late, false},
		{"is quiet about one Pod of three", alert, workloads, deployment(unready(), healthy(), healthy()), late, false},
		{"is quiet about a slow start", alert, workloads, deployment(slow, slow), late, false},
		{"is quiet about a readiness probe that is asked no more", alert, workloads, deployment(
			with(unready(), func(p *pod) { p.failed["Readiness"] = "1+6x10 61x110" })), late, false},
		{"is quiet about Pods without injected probes", alert, workloads, deployment(with(unready(), func(p *pod) { p.injected = false })), late, false},
	}
}
