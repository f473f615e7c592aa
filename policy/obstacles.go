package policy

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// obstacles are what keeps us from choosing a handler, in the order in which they are told. Each yields to a key
// that names the handler, because then a person decided; it is then told as a risk.
type obstacle struct {
	reason  reason.Reason
	applies func(d *deciding, q *request) bool
	// risk is the sentence for a person who names the handler all the same; empty where a lint rule says it.
	risk string
}

func obstacles() [5]obstacle {
	return [...]obstacle{
		{reason.NativeSidecar, func(_ *deciding, q *request) bool { return q.native },
			"native sidecar: what it fails concerns the whole Pod"},
		{reason.KnownSidecar, func(d *deciding, q *request) bool { return d.isSidecar(q) },
			"known sidecar: it may bring its own probes"},
		{reason.HostNetwork, func(d *deciding, _ *request) bool { return d.pod.Spec.HostNetwork },
			""},
		{reason.VirtualNode, func(d *deciding, _ *request) bool { return onVirtualNode(d.pod) },
			"virtual nodes may ignore or refuse probes"},
		{reason.NotAServer, func(_ *deciding, q *request) bool { return q.container.idles() },
			"the command looks interactive or idle: does it serve?"},
	}
}

// obstacle gives the first obstacle of a container, or nothing.
func (d *deciding) obstacle(q *request) reason.Reason {
	for _, o := range obstacles() {
		if o.applies(d, q) {
			return o.reason
		}
	}
	return ""
}

// handlerObstacle gives the obstacle that depends on the handler, for handlers that no key names.
func (d *deciding) handlerObstacle(h probe.Handler) reason.Reason {
	switch {
	case h.Scheme == probe.Exec && isWindows(d.pod):
		return reason.Windows
	case d.mesh == lint.Istio && h.OverNetwork(), d.mesh == lint.Linkerd && h.Scheme == probe.TCP:
		return reason.MeshProxy
	}
	return ""
}

// noteRisks tells a person who named a handler what speaks against it.
func (d *deciding) noteRisks(q *request, kind probe.Kind, h probe.Handler) {
	for _, o := range obstacles() {
		if o.risk != "" && o.applies(d, q) {
			d.find(q, kind, SeverityWarning, o.risk)
		}
	}
	if d.mesh == lint.Istio && h.OverNetwork() && h.Scheme != probe.TCP {
		d.find(q, kind, SeverityWarning, "istio-proxy came first and rewrites no probe now: it fails under STRICT mTLS")
	}
}

func (d *deciding) isSidecar(q *request) bool {
	return d.policy.knownSidecars[q.ref.Name] && (len(d.pod.Spec.Containers) > 1 || q.native)
}

func isWindows(pod *Pod) bool {
	return (pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows) || pod.Spec.NodeSelector[corev1.LabelOSStable] == string(corev1.Windows)
}

// onVirtualNode finds Pods meant for a virtual kubelet, some of which refuse or ignore probes
// (https://github.com/virtual-kubelet/azure-aci#current-limitations).
func onVirtualNode(pod *Pod) bool {
	const provider = "virtual-kubelet.io/provider"
	if pod.Spec.NodeSelector["type"] == "virtual-kubelet" {
		return true
	}
	return slices.ContainsFunc(pod.Spec.Tolerations, func(t Toleration) bool { return strings.EqualFold(t.Key, provider) })
}
