package policy_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// An exclusion keeps us from choosing; a person who writes the handler gets it, with the risk.
func TestExclusionsYieldToAWrittenHandler(t *testing.T) {
	named := func(name string) func(*workload.Container) {
		return func(c *workload.Container) { c.Name = name }
	}
	rows := map[string]struct {
		container string
		pod       func(*workload.Pod)
		reason    reason.Reason
		risk      string
	}{
		"host network": {"web", func(p *workload.Pod) { p.Spec.HostNetwork = true }, reason.HostNetwork, "PS039"},
		"virtual node": {"web", func(p *workload.Pod) {
			p.Spec.Tolerations = []workload.Toleration{{Key: "virtual-kubelet.io/provider"}}
		}, reason.VirtualNode, "virtual nodes"},
		"interactive":   {"web", func(p *workload.Pod) { p.Spec.Containers[0].Stdin = true }, reason.NotAServer, "does it serve"},
		"idle command":  {"web", func(p *workload.Pod) { p.Spec.Containers[0].Command = []string{"/bin/sh", "-c", "sleep infinity"} }, reason.NotAServer, "does it serve"},
		"known sidecar": {"istio-proxy", func(p *workload.Pod) { p.Spec.Containers = append(p.Spec.Containers, web(named("istio-proxy"))) }, reason.KnownSidecar, "known sidecar"},
		"istio came first": {"web", func(p *workload.Pod) {
			p.Spec.InitContainers = []workload.Container{{Name: "istio-proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
		}, reason.MeshProxy, "istio-proxy came first"},
		"native sidecar": {"proxy", func(p *workload.Pod) {
			p.Spec.InitContainers = []workload.Container{{Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways), Ports: []workload.ContainerPort{{ContainerPort: 9000}}}}
		}, reason.NativeSidecar, "native sidecar"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			pod := podWith(map[string]string{row.container + ".probe-injector.dev/readiness": "true"}, web())
			row.pod(pod)
			d := policy.Default("v0").Decide(policy.Subject{Pod: pod})
			if len(d.Injections) > 0 || reasonOf(d, probe.Readiness) != row.reason {
				t.Errorf("choosing: injected %v, reason %q, want %q", injected(d), reasonOf(d, probe.Readiness), row.reason)
			}
			pod.Metadata.Annotations[row.container+".probe-injector.dev/readiness"] = "http:8080/r"
			if row.container == "proxy" {
				pod.Metadata.Annotations["proxy.probe-injector.dev/readiness"] = "http:9000/r"
			}
			d = policy.Default("v0").Decide(policy.Subject{Pod: pod})
			if len(d.Injections) != 1 || !strings.Contains(strings.Join(d.Warnings, " "), row.risk) {
				t.Errorf("written: injected %v, warnings %q, want the risk %q", injected(d), d.Warnings, row.risk)
			}
		})
	}
}

func TestWhatNoKeyOverrides(t *testing.T) {
	rows := map[string]struct {
		pod    func(*workload.Pod)
		reason reason.Reason
		status bool
		// said is a part of the warning; empty where it is not what the row is about.
		said string
	}{
		"a Pod that is not restarted": {func(p *workload.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure }, reason.RestartPolicy, true, ""},
		"a Pod of Knative":            {func(p *workload.Pod) { p.Metadata.Labels = map[string]string{"serving.knative.dev/service": "x"} }, reason.Knative, true, ""},
		"a mirror Pod":                {func(p *workload.Pod) { p.Metadata.Annotations["kubernetes.io/config.mirror"] = "x" }, reason.MirrorPod, false, ""},
		"a Pod that is opted out":     {func(p *workload.Pod) { p.Metadata.Annotations["probe-injector.dev/inject"] = "false" }, reason.OptedOut, false, ""},
		"a debug copy without its probe": {func(p *workload.Pod) {
			p.Metadata.Annotations["probe-injector.dev/status"] = "web: readiness tcp:8080 (v0.1.0)"
		}, reason.StrippedCopy, false, ""},
		"a Pod with 251 containers": {func(p *workload.Pod) {
			for len(p.Spec.Containers) <= 250 {
				p.Spec.Containers = append(p.Spec.Containers, web())
			}
		}, reason.TooManyParts, false, "pod: no probes: Pods with more than 250 containers are left alone"},
		"a Pod with 251 init containers and containers": {func(p *workload.Pod) {
			p.Spec.InitContainers = make([]workload.Container, 250)
		}, reason.TooManyParts, false, "pod: no probes: Pods with more than 250 containers are left alone"},
		"a Pod with 5001 ports": {func(p *workload.Pod) {
			p.Spec.Containers[0].Ports = make([]workload.ContainerPort, 5001)
		}, reason.TooManyParts, false, "pod: no probes: Pods with more than 5000 ports are left alone"},
		"a Pod with 5001 arguments": {func(p *workload.Pod) {
			p.Spec.Containers[0].Args = make([]string, 5001)
		}, reason.TooManyParts, false, "pod: no probes: Pods with more than 5000 arguments, headers and variables are left alone"},
		"a Pod with a script of more than 128 KiB": {func(p *workload.Pod) {
			p.Spec.Containers[0].Command = []string{"sh", "-c", strings.Repeat("x", 128<<10)}
		}, reason.TooManyParts, false, "pod: no probes: Pods with more than 128 KiB of commands are left alone"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			pod := podWith(map[string]string{"probe-injector.dev/liveness": "/l"}, web())
			row.pod(pod)
			d := policy.Default("v0").Decide(policy.Subject{Pod: pod})
			if len(d.Injections) > 0 || len(d.Skips) == 0 || d.Skips[0].Reason != row.reason {
				t.Errorf("injected %v, skips %v, want %q", injected(d), d.Skips, row.reason)
			}
			if (d.Status != "") != row.status {
				t.Errorf("status %q", d.Status)
			}
			if !strings.Contains(strings.Join(d.Warnings, " "), row.said) {
				t.Errorf("warnings %q, want %q", d.Warnings, row.said)
			}
		})
	}
}
