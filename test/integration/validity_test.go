package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

const (
	// strict is a namespace that enforces the Pod Security standard "restricted" in its newest version.
	strict = "strict"
	// leastAccepted is how many probes the API server must have accepted in each style, so that a catalogue or a list
	// of forms that came out empty is noticed.
	leastAccepted = 1000
	// creators is how many Pods are created at the same time.
	creators = 4
)

// TestValidity creates a Pod for everything that we can emit and finds that the API server accepts it as it was
// decided: every profile of the catalogue, every handler that an annotation can spell in every timing class, every field
// at its bounds, sidecars and several containers, in both styles. The API server applies the patch of our real server,
// and completes and validates what comes out.
func TestValidity(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	err := c.CreateNamespace(t.Context(), strict, map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
		"pod-security.kubernetes.io/warn":    "restricted",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("what is invalid is refused here", c.refusesInvalid)
	for _, style := range []timing.Style{timing.StyleStartupProbe, timing.StyleInitialDelay} {
		t.Run("everything is accepted, style "+string(style), func(t *testing.T) { c.acceptsAll(t, style) })
	}
}

// refusesInvalid shows that to be accepted means something: a Pod is refused for one fault.
func (c *cluster) refusesInvalid(t *testing.T) {
	cases := map[string]struct {
		spoil  func(*corev1.PodSpec)
		reason string
		// since is the minor version that refuses it first; 0 are all. Versions before it accept it.
		since int
	}{
		"no fault": {func(*corev1.PodSpec) {}, "", 0},
		"a probe of another host": {
			func(p *corev1.PodSpec) { p.Containers[0].ReadinessProbe.TCPSocket.Host = "10.0.0.1" }, "violates PodSecurity", 34,
		},
		"a Pod that may run as root": {
			func(p *corev1.PodSpec) { p.SecurityContext = nil }, "violates PodSecurity", 0,
		},
		"a readiness probe with a grace period": {
			func(p *corev1.PodSpec) { p.Containers[0].ReadinessProbe.TerminationGracePeriodSeconds = new(int64(1)) },
			"must not be set for readinessProbes", 0,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			pod := strictPod(nil, containerWith(ports("", 8080)))
			handler := corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}
			pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: handler}
			test.spoil(&pod.Spec)
			_, err := c.try(t.Context(), strict, encoded(t, pod))
			if refused := err != nil; refused != (test.reason != "" && c.Minor() >= test.since) || refused && !strings.Contains(err.Error(), test.reason) {
				t.Errorf("it gets: %v", err)
			}
		})
	}
}

// validity is what is counted while the Pods of one style are created.
type validity struct {
	*cluster
	engine *policy.Policy
	mu     sync.Mutex
	// pods and probes are how many were accepted, the probes also by their kind and scheme, such as "liveness tcp".
	pods, probes int
	forms        map[string]int
}

// acceptsAll creates all Pods with a server of one style.
func (c *cluster) acceptsAll(t *testing.T, style timing.Style) {
	values, err := yaml.Marshal(map[string]any{"policy": policyOfEveryClass(style)})
	if err != nil {
		t.Fatal(err)
	}
	webhook := startServer(t, string(values), server.Options{})
	c.install(t, string(values), webhook)
	v := &validity{cluster: c, engine: engineOf(t, webhook), forms: map[string]int{}}
	var group errgroup.Group
	group.SetLimit(creators)
	for _, s := range specimens(t, v.engine) {
		group.Go(func() error { return v.judge(t, s) })
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	v.report(t)
}

// engineOf is the engine that decides in a server, with the same policy file and version.
func engineOf(t *testing.T, webhook *server.Server) *policy.Policy {
	t.Helper()
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(webhook.PolicyPath())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.Parse(file, version)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// judge creates one Pod on dry run. Its probes must be those that the engine decides when it is asked directly, field
// by field: had we left one to the API server's defaults, it would be there and not in the decision. Nobody may have
// anything to say but we.
func (v *validity) judge(t *testing.T, s specimen) error {
	manifest, err := json.Marshal(s.pod)
	if err != nil {
		return err
	}
	var view workload.Pod
	if err := json.Unmarshal(manifest, &view); err != nil {
		return err
	}
	decision := v.engine.Decide(policy.Subject{Pod: &view})
	created, err := v.try(t.Context(), strict, manifest)
	if err != nil {
		t.Errorf("%s: it is refused: %v\n%s", s.name, err, manifest)
		return nil
	}
	want := specifiedProbes(patch.ApplyToPod(s.pod, &decision))
	if diff := cmp.Diff(want, specifiedProbes(&created.pod)); diff != "" {
		t.Errorf("%s: its probes, as decided - as created +:\n%s", s.name, diff)
	}
	if diff := cmp.Diff(decision.Warnings, created.warnings, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: warnings, ours - all +:\n%s", s.name, diff)
	}
	if got := created.pod.Annotations[status]; got != decision.Status {
		t.Errorf("%s: its status is %q, not %q", s.name, got, decision.Status)
	}
	if problem := s.expect(decision); problem != "" {
		t.Errorf("%s: %s; status %q, errors %v", s.name, problem, decision.Status, decision.Errors)
	}
	v.count(decision)
	return nil
}

// specifiedProbes are the probes of a Pod, under the names container/probe.
func specifiedProbes(pod *corev1.Pod) map[string]*corev1.Probe {
	all := map[string]*corev1.Probe{}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		all[c.Name+"/startup"], all[c.Name+"/liveness"], all[c.Name+"/readiness"] = c.StartupProbe, c.LivenessProbe, c.ReadinessProbe
	}
	return all
}

func (v *validity) count(decision policy.Decision) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pods++
	v.probes += len(decision.Injections)
	for _, in := range decision.Injections {
		v.forms[string(in.Kind)+" "+string(in.Handler.Scheme)]++
	}
}

// report says what was accepted, and demands that every kind of probe was among it with every scheme.
func (v *validity) report(t *testing.T) {
	t.Logf("the API server accepted %d Pods with %d probes of ours:", v.pods, v.probes)
	for _, form := range slices.Sorted(maps.Keys(v.forms)) {
		t.Logf("%5d %s", v.forms[form], form)
	}
	if v.probes < leastAccepted {
		t.Errorf("only %d probes were tried", v.probes)
	}
	for _, kind := range probe.Kinds() {
		for _, scheme := range []probe.Scheme{probe.HTTP, probe.HTTPS, probe.TCP, probe.GRPC, probe.Exec} {
			if form := fmt.Sprintf("%s %s", kind, scheme); v.forms[form] == 0 {
				t.Errorf("no %s was tried", form)
			}
		}
	}
}
