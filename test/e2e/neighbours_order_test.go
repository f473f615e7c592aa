package e2e

import (
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Names of configurations that sort before and after ours, which is 0-probe-injector.
const (
	beforeUs = "0-a-neighbour"
	afterUs  = "sidecar-injector"
	// zeros looks as if it came first, but a dash sorts before a digit.
	zeros = "00-neighbour"
)

const (
	never    = admissionregistrationv1.NeverReinvocationPolicy
	ifNeeded = admissionregistrationv1.IfNeededReinvocationPolicy
)

// hardened is what Pod Security "restricted" asks of a container.
const hardened = `image: localhost/neighbour:1, args: [proxy], securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}`

// ownProbes is what a proxy brings for itself, and its port.
const ownProbes = `ports: [{name: status, containerPort: 15020}], readinessProbe: {httpGet: {port: 15020, path: /ready}, periodSeconds: 1}`

// changes are what the neighbour does to Pods, by the names that registrations use.
func changes() map[string]string {
	return map[string]string{
		"agent":         `{containers: [{name: agent, ` + hardened + `}]}`,
		"agent-first":   `{containers: [{name: agent, ` + hardened + `}], first: true}`,
		"agent-serving": `{containers: [{name: agent, ` + hardened + `, ` + ownProbes + `}], first: true}`,
		"agent-announced": `{containers: [{name: agent, ` + hardened + `, ` + ownProbes + `}], first: true,
			annotations: {kubectl.kubernetes.io/default-container: web}}`,
		"envoy":          `{containers: [{name: envoy-sidecar, ` + hardened + `, ` + ownProbes + `}], first: true}`,
		"istio":          `{containers: [{name: istio-proxy, ` + hardened + `, ` + ownProbes + `}], first: true, takesProbes: true}`,
		"istio-native":   `{initContainers: [{name: istio-proxy, restartPolicy: Always, ` + hardened + `, ` + ownProbes + `}], takesProbes: true}`,
		"linkerd":        `{containers: [{name: linkerd-proxy, ` + hardened + `, ` + ownProbes + `}]}`,
		"linkerd-native": `{initContainers: [{name: linkerd-proxy, restartPolicy: Always, ` + hardened + `, ` + ownProbes + `}]}`,
	}
}

// meeting is a Pod that asks, the neighbour, and what comes of it.
type meeting struct {
	registration
	annotations map[string]string
	// probes are those of the Pod, as probesOf writes them, and status is how our annotation begins.
	probes, status string
	// calls is how often the neighbour was called.
	calls string
}

// paths are annotations that name no port, and inject one that names nothing.
func paths() map[string]string {
	return map[string]string{"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz"}
}

func inject() map[string]string { return map[string]string{"probe-injector.dev/inject": "true"} }

const (
	ours       = "web: startup http:8080/livez, liveness http:8080/livez, readiness http:8080/readyz"
	oursStatus = "web: startup+liveness http:8080/livez, readiness http:8080/readyz; "
	tcpOurs    = "web: startup tcp:8080, liveness tcp:8080, readiness tcp:8080"
	taken      = "web: startup http:15020/app-health/web/startupz, liveness http:15020/app-health/web/livez, readiness http:15020/app-health/web/readyz"
)

func meetings() map[string]meeting {
	return map[string]meeting{
		"a container that is added after us gets nothing": {
			registration{afterUs, "agent", never}, paths(), ours + "\nagent: none", oursStatus, "1",
		},
		"it may be put before ours": {
			registration{afterUs, "agent-first", never}, paths(), "agent: none\n" + ours, oursStatus, "1",
		},
		"a mesh that comes after us takes over our probes": {
			registration{afterUs, "istio", never}, paths(), "istio-proxy: readiness http:15020/ready\n" + taken, oursStatus, "1",
		},
		"a mesh with native sidecars, too": {
			registration{afterUs, "istio-native", never}, paths(), "istio-proxy: readiness http:15020/ready\n" + taken, oursStatus, "1",
		},
		"a mesh that comes after us takes over tcp, which we infer because it is not there yet": {
			registration{afterUs, "istio", never}, inject(), "istio-proxy: readiness http:15020/ready\n" + taken, "web: startup+liveness tcp:8080, readiness tcp:8080; ", "1",
		},
		// Kubernetes mounts the ServiceAccount's token into the container that was added, which calls for another round.
		"after us, and called again: our probes are taken over once": {
			registration{afterUs, "istio", ifNeeded}, paths(), "istio-proxy: readiness http:15020/ready\n" + taken, oursStatus, "2",
		},
		"a name of two zeros comes after ours": {
			registration{zeros, "istio", never}, paths(), "istio-proxy: readiness http:15020/ready\n" + taken, oursStatus, "1",
		},
		"a container without a port that comes first could be the main one: a sidecar with a port must not get what is meant for it": {
			registration{beforeUs, "agent-first", never}, paths(), "agent: none\nweb: none", "agent: nothing: ambiguous_containers ", "1",
		},
		"a known sidecar that was added before us is not the main one, and keeps its own probe": {
			registration{beforeUs, "envoy", never}, paths(), "envoy-sidecar: readiness http:15020/ready\n" + ours, oursStatus, "1",
		},
		"a container with a port that nobody knows makes a key without a name ambiguous": {
			registration{beforeUs, "agent-serving", never}, paths(), "agent: readiness http:15020/ready\nweb: none", "agent: nothing: existing_probe ", "1",
		},
		"a key that names a port is not": {
			registration{beforeUs, "agent-serving", never}, map[string]string{
				"probe-injector.dev/liveness": "http:8080/livez", "probe-injector.dev/readiness": "http:8080/readyz",
			}, "agent: readiness http:15020/ready\n" + ours, oursStatus, "1",
		},
		"nor where the neighbour says which container is the main one, as meshes do": {
			registration{beforeUs, "agent-announced", never}, paths(), "agent: readiness http:15020/ready\n" + ours, oursStatus, "1",
		},
		"before us, and called again if needed: it comes again, adds nothing, and our probes stay": {
			registration{beforeUs, "agent-first", ifNeeded}, map[string]string{
				"web.probe-injector.dev/liveness": "/livez", "web.probe-injector.dev/readiness": "/readyz",
			}, "agent: none\n" + ours, oursStatus, "2",
		},
		"Istio before us: what nobody asked for by its handler is not injected": {
			registration{beforeUs, "istio", never}, inject(), "istio-proxy: readiness http:15020/ready\nweb: none", "web: nothing: mesh_proxy ", "1",
		},
		"Istio before us with a native sidecar: the same": {
			registration{beforeUs, "istio-native", never}, inject(), "istio-proxy: readiness http:15020/ready\nweb: none", "web: nothing: mesh_proxy ", "1",
		},
		"Istio before us: a handler that a key names is injected": {
			registration{beforeUs, "istio", never}, paths(), "istio-proxy: readiness http:15020/ready\n" + ours, oursStatus, "1",
		},
		"Istio before us, and called again if needed: its proxy is there once": {
			registration{beforeUs, "istio", ifNeeded}, paths(), "istio-proxy: readiness http:15020/ready\n" + ours, oursStatus, "2",
		},
		"Linkerd before us: no tcp": {
			registration{beforeUs, "linkerd", never}, inject(), "web: none\nlinkerd-proxy: readiness http:15020/ready", "web: nothing: mesh_proxy ", "1",
		},
		"Linkerd before us with a native sidecar: the same": {
			registration{beforeUs, "linkerd-native", never}, inject(), "linkerd-proxy: readiness http:15020/ready\nweb: none", "web: nothing: mesh_proxy ", "1",
		},
		"Linkerd before us: http as ever": {
			registration{beforeUs, "linkerd", never}, paths(), ours + "\nlinkerd-proxy: readiness http:15020/ready", oursStatus, "1",
		},
		"Linkerd after us: tcp as ever": {
			registration{afterUs, "linkerd", never}, inject(), tcpOurs + "\nlinkerd-proxy: readiness http:15020/ready", "web: startup+liveness tcp:8080, readiness tcp:8080; ", "1",
		},
	}
}

func TestFullNeighboursThatAddContainersBeforeAndAfterUs(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	n := theSuite.startNeighbour(t, changes())
	for name, test := range meetings() {
		t.Run(name, func(t *testing.T) {
			namespace := n.suite.namespace(t, "meeting", restricted())
			alone := n.dryRun(t, namespace, asking(test.annotations))
			n.register(t, namespace, test.registration)
			met := n.dryRun(t, namespace, asking(test.annotations))
			if probes := probesOf(met); probes != test.probes {
				t.Errorf("the probes are\n%s\nand should be\n%s", probes, test.probes)
			}
			if status := met.Annotations["probe-injector.dev/status"]; !strings.HasPrefix(status, test.status) {
				t.Errorf("the status is %q and should begin with %q", status, test.status)
			}
			if calls := met.Annotations[neighbourCalls+test.change]; calls != test.calls {
				t.Errorf("the neighbour was called %s times, not %s", calls, test.calls)
			}
			for kind, times := range timesOf(t, met, "web") {
				if want := timesOf(t, alone, "web")[kind]; times != want {
					t.Errorf("the times of %s are %s, and without the neighbour %s", kind, times, want)
				}
			}
		})
	}
}

// asking is a Pod that asks by annotations.
func asking(annotations map[string]string) *corev1.Pod {
	pod := askingPod()
	pod.Annotations = annotations
	return pod
}

// timesOf are the numbers of a container's probes by their kinds.
func timesOf(t *testing.T, pod *corev1.Pod, container string) map[probe.Kind]string {
	t.Helper()
	times := map[probe.Kind]string{}
	for kind, p := range probesByKind(containerOf(t, pod, container)) {
		bare := p.DeepCopy()
		bare.ProbeHandler = corev1.ProbeHandler{}
		times[kind] = bare.String()
	}
	return times
}
