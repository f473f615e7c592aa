package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Of the random Pods, drawnPods are drawn from everything that is known of what people run, half of them with a known
// trouble.
const (
	randomPods = 100_000
	drawnPods  = 30_000
)

// forDrawnPods decides about Pods of a drawing, by policies that use every setting.
func forDrawnPods(t *testing.T, check func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route)) {
	t.Helper()
	d := newDrawing(t)
	engines := make([]*policy.Policy, len(d.policies))
	for i := range engines {
		engines[i] = mustParse(t, d.policies[i].file())
	}
	for seed := range uint64(drawnPods) {
		drawing := d.with(seed)
		c := drawing.draw()
		if seed%2 == 0 {
			c, _ = drawing.trouble()
		}
		text, err := json.Marshal(c.pod)
		if err != nil {
			t.Fatal(err)
		}
		pod := &workload.Pod{}
		if err := json.Unmarshal(text, pod); err != nil {
			t.Fatal(err)
		}
		if pod.Metadata == nil {
			pod.Metadata = &workload.ObjectMeta{}
		}
		check(t, engines[c.policy], pod, policy.Route{Group: c.group})
		if t.Failed() {
			t.Logf("seed %d: %s", seed, text)
			return
		}
	}
}

// forRandomPods decides about many Pods, through the route that their annotations choose.
func forRandomPods(t *testing.T, check func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route)) {
	t.Helper()
	engines := []*policy.Policy{
		mustParse(t, adminPolicy),
		mustParse(t, adminPolicy+"  style: InitialDelay\n  inferredLiveness: false\n"),
	}
	forDrawnPods(t, check)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range randomPods - drawnPods {
		pod := randomPod(r)
		route := policy.Route{}
		if len(pod.Metadata.Annotations) == 0 {
			route.Group = "everything"
		}
		check(t, engines[i%len(engines)], pod, route)
		if t.Failed() {
			return
		}
	}
}

func TestASecondPassChangesNothing(t *testing.T) {
	injectedOnce := 0
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		before := fmt.Sprintf("%+v %+v", pod.Metadata, pod.Spec)
		first := engine.Decide(policy.Subject{Pod: pod, Route: route})
		injectedOnce += min(1, len(first.Injections))
		first.Mode = v1alpha1.ModeInject // Audit mode would change nothing either.
		second := engine.Decide(policy.Subject{Pod: patch.Apply(pod, &first), Route: route})
		if len(second.Injections) > 0 || second.Status != "" {
			t.Errorf("the second pass injects %v and writes %q over %q\nPod: %s", injected(second), second.Status, first.Status, before)
		}
	})
	if injectedOnce < randomPods/10 {
		t.Errorf("only %d Pods got anything: the property is hardly tested", injectedOnce)
	}
}

func TestWhatIsInjectedIsValidAndAbsent(t *testing.T) {
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		d := engine.Decide(policy.Subject{Pod: pod, Route: route})
		for _, in := range d.Injections {
			c := containerAt(pod, in.Container)
			if c.Name != in.Container.Name || probeOf(c, in.Kind) != nil {
				t.Errorf("%s is injected into %q over %v", in.Kind, c.Name, probeOf(c, in.Kind))
			}
			if broken := invalid(in); broken != "" {
				t.Errorf("%s %s: %s: %+v", in.Container.Name, in.Kind, broken, in.Probe)
			}
			if in.Source != policy.SourceAnnotation && in.Handler.OverNetwork() {
				expectOwnPort(t, pod, in)
			}
		}
		expectGuarded(t, pod, d)
	})
}

// A handler that nobody wrote is asked where the command and the variables of its container say that something listens.
func TestWhatFollowsFromPortsContradictsNoLiteral(t *testing.T) {
	withheld := 0
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		d := engine.Decide(policy.Subject{Pod: pod, Route: route})
		for _, in := range d.Injections {
			c := containerAt(pod, in.Container)
			if in.Source != policy.SourceInference || !in.Handler.OverNetwork() {
				continue
			}
			if said, found := detect.ListeningsOf(c).Elsewhere(in.Handler.Port.Number); found {
				t.Errorf("%s asks port %s beside %s", in.Kind, in.Handler.Port.String(), said)
			}
			if c.IsWorker() {
				t.Errorf("%s of a worker: %v %v", in.Kind, c.Command, c.Args)
			}
		}
		for _, s := range d.Skips {
			if s.Reason == reason.PortUnknown && strings.Contains(s.Detail, " is not port ") {
				withheld++
			}
		}
	})
	if withheld == 0 {
		t.Error("no random Pod contradicts itself")
	}
}

// A sentence about what is withheld has no hole in it.
func TestASkipHasTheDetailThatItsSentenceNeeds(t *testing.T) {
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		for _, s := range engine.Decide(policy.Subject{Pod: pod, Route: route}).Skips {
			description, known := reason.Describe(s.Reason)
			if !known || (strings.Contains(description.Fact, "%s") && s.Detail == "") {
				t.Errorf("%s of %q: %q has no detail", s.Reason, s.Container, description.Fact)
			}
		}
	})
}

// expectOwnPort holds that a port that nobody wrote is no other container's.
func expectOwnPort(t *testing.T, pod *workload.Pod, in policy.Injection) {
	t.Helper()
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name != in.Container.Name && c.Declares(in.Handler.Port) {
			t.Errorf("%s %s asks %s, which %s declares", in.Container.Name, in.Kind, in.Handler, c.Name)
		}
	}
}

// expectGuarded holds the two rules that keep healthy containers alive: doubt costs the probes that kill, and a
// liveness probe of ours is never alone while the container starts.
func expectGuarded(t *testing.T, pod *workload.Pod, d policy.Decision) {
	t.Helper()
	kinds := map[string]map[probe.Kind]policy.Injection{}
	for _, in := range d.Injections {
		if kinds[in.Container.Name] == nil {
			kinds[in.Container.Name] = map[probe.Kind]policy.Injection{}
		}
		kinds[in.Container.Name][in.Kind] = in
	}
	for name, each := range kinds {
		live, ok := each[probe.Liveness]
		if !ok {
			continue
		}
		_, guarded := each[probe.Startup]
		if !guarded && containerAt(pod, live.Container).StartupProbe == nil && live.Timing().EarliestAct() < leastStart(pod) {
			t.Errorf("%s: liveness may act %d s after the start, without a startup probe", name, live.Timing().EarliestAct())
		}
	}
	for _, err := range d.Errors {
		if !strings.HasPrefix(err.Field, "metadata.annotations") {
			t.Errorf("an error without the path of an annotation: %v", err)
		}
		if strings.Contains(err.Detail, "unknown key") && hasKiller(d) {
			t.Errorf("an unknown key, and yet a probe that kills: %v", injected(d))
		}
	}
}

// leastStart is how long a start may take at least: a person's own budget can be as short as half a minute.
func leastStart(pod *workload.Pod) int32 {
	for key := range pod.Metadata.Annotations {
		if strings.HasSuffix(key, "/startup-budget") || strings.HasSuffix(key, "/liveness.initialDelaySeconds") {
			return 29
		}
	}
	return 50
}

func hasKiller(d policy.Decision) bool {
	for _, in := range d.Injections {
		if in.Kind.Kills() {
			return true
		}
	}
	return false
}

// invalid names the rule of the API server (pkg/apis/core/validation) or of ours that an injection breaks.
func invalid(in policy.Injection) string {
	p := in.Probe
	handlers := 0
	port := int32(1)
	if p.HTTPGet != nil {
		handlers++
		port = p.HTTPGet.Port.IntVal
		if p.HTTPGet.Host != "" {
			return "a host"
		}
		if !strings.HasPrefix(p.HTTPGet.Path, "/") || (p.HTTPGet.Scheme != corev1.URISchemeHTTP && p.HTTPGet.Scheme != corev1.URISchemeHTTPS) {
			return "a path or scheme"
		}
	}
	if p.TCPSocket != nil {
		handlers++
		port = p.TCPSocket.Port.IntVal
		if p.TCPSocket.Host != "" {
			return "a host"
		}
	}
	if p.GRPC != nil {
		handlers++
		port = p.GRPC.Port
	}
	if p.Exec != nil {
		handlers++
	}
	switch {
	case handlers != 1:
		return "not one handler"
	case port < 1 || port > 65535:
		return "a port out of range"
	case p.PeriodSeconds < 1 || p.TimeoutSeconds < 1 || p.FailureThreshold < 1 || p.SuccessThreshold < 1 || p.InitialDelaySeconds < 0:
		return "a number out of range"
	case p.TimeoutSeconds > p.PeriodSeconds:
		return "a timeout longer than its period"
	case in.Kind.Kills() && p.SuccessThreshold != 1:
		return "a successThreshold"
	case !in.Kind.Kills() && p.TerminationGracePeriodSeconds != nil:
		return "a grace period"
	}
	return ""
}

func containerAt(pod *workload.Pod, ref policy.ContainerRef) *workload.Container {
	if ref.Init {
		return &pod.Spec.InitContainers[ref.Index]
	}
	return &pod.Spec.Containers[ref.Index]
}

func probeOf(c *workload.Container, kind probe.Kind) *corev1.Probe {
	switch kind {
	case probe.Startup:
		return c.StartupProbe
	case probe.Liveness:
		return c.LivenessProbe
	default:
		return c.ReadinessProbe
	}
}

// Whoever asks gets an answer within the limits, and every reason is of the closed set.
func TestEveryAnswerIsSaid(t *testing.T) {
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		d := engine.Decide(policy.Subject{Pod: pod, Route: route})
		for _, s := range d.Skips {
			if _, ok := reason.Describe(s.Reason); !ok {
				t.Errorf("reason %q is not in the table", s.Reason)
			}
		}
		silent := len(d.Skips) > 0 && slices.Contains([]reason.Reason{reason.OptedOut, reason.StrippedCopy, reason.MirrorPod}, d.Skips[0].Reason)
		kept := pod.Metadata.Annotations["probe-injector.dev/status"] != ""
		if d.Asked && d.Status == "" && !silent && !kept {
			t.Errorf("no status for %+v", pod.Metadata.Annotations)
		}
		if len(d.Status) > statusline.MaxLength || len(d.Warnings) > policy.MaxWarnings {
			t.Errorf("%d bytes of status, %d warnings", len(d.Status), len(d.Warnings))
		}
		for _, w := range d.Warnings {
			if len(w) > policy.MaxWarningLength || strings.ContainsFunc(w, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("warning %q", w)
			}
		}
	})
}
