package policy_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// The inside of the engine may be rebuilt, but not what it decides: digests of decisions about many random Pods, by seed,
// written by the engine before it was rebuilt, are compared with those of today. A change that is wanted writes them anew:
//
//	go test ./policy -run TestDecisionsStayAsTheyWere -update-decisions
//	go test ./policy -run TestDecisionsStayAsTheyWere -v -render-decision=SEED
var (
	updateDecisions = flag.Bool("update-decisions", false, "write the digests of all decisions anew")
	renderSeed      = flag.Int64("render-decision", -1, "print the Pod and the decision of this seed, and compare nothing")
)

const (
	differentialSeeds = 50_000
	digestFile        = "testdata/decisions.digest.txt"
	digestLength      = 8
	digestsPerLine    = 16
)

// -------------------------------------------------------------------------------------------------- the engine's types

// differentialEngine is all that the test uses of the engine, so that one place follows when its names change.
type differentialEngine struct {
	policies []*policy.Policy
}

// decide asks the engine about a Pod, which is decoded as a review would be.
func (e *differentialEngine) decide(c *drawnCase, text []byte) error {
	c.view = &workload.Pod{}
	if err := json.Unmarshal(text, c.view); err != nil {
		return err
	}
	d := e.policies[c.policy].Decide(policy.Subject{Pod: c.view, Route: policy.Route{Group: c.group}, Notes: c.notes})
	c.decision = &d
	return nil
}

// renderDecision writes all that a decision says, without the names that the engine's code has for it.
func renderDecision(d *policy.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "mode %s, asked %t, rule %q\n", d.Mode, d.Asked, d.Rule)
	for i := range d.Injections {
		in := &d.Injections[i]
		text, err := json.Marshal(in.Probe)
		fmt.Fprintf(&b, "injects %s (%d, init %t) %s %s as %s %v\n", in.Container.Name, in.Container.Index, in.Container.Init, in.Kind, in.Handler, text, err)
		fmt.Fprintf(&b, "  from %s %q, profile %q", in.Source, in.Evidence.Kind, in.Profile)
		if in.Evidence.Kind != "" {
			fmt.Fprintf(&b, ": %s, %s", in.Evidence.Sentence(), in.Evidence.Confidence())
		}
		b.WriteByte('\n')
		for _, each := range in.Explain() {
			fmt.Fprintf(&b, "  %s %d: %s\n", each.Field, each.Value, each.Sentence)
		}
		for _, sentence := range in.Guarantee().Sentences(in.Kind) {
			fmt.Fprintf(&b, "  promises: %s\n", sentence)
		}
	}
	for _, s := range d.Skips {
		fmt.Fprintf(&b, "skips %q %s: %s %q\n", s.Container, s.Kind, s.Reason, s.Detail)
	}
	renderFindings(&b, d.Findings)
	for _, err := range d.Errors {
		fmt.Fprintf(&b, "error %s\n", err.Error())
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(&b, "warns %s\n", warning)
	}
	fmt.Fprintf(&b, "status %q\n", d.Status)
	return b.String()
}

func renderFindings(b *strings.Builder, findings []policy.Finding) {
	for _, f := range findings {
		fmt.Fprintf(b, "finds %q %s: %s %s %s, absent %t\n", f.Container, f.Kind, f.Rule, f.Severity, f.Message, f.Absent)
	}
}

// renderSurroundings writes what is said about the Pod besides a decision: what is found in it as it stands, how its own
// probes are explained, and by which routes the API server would send it.
func (e *differentialEngine) renderSurroundings(b *strings.Builder, c *drawnCase) {
	engine := e.policies[c.policy]
	b.WriteString("as it stands:\n")
	renderFindings(b, engine.Lint(c.view))
	first := &c.view.Spec.Containers[0]
	if own := first.LivenessProbe; own != nil {
		in := policy.ReadInjection(policy.ContainerRef{Name: first.Name}, probe.Liveness, own, first.StartupProbe)
		fmt.Fprintf(b, "has %s: %q\n", in.Handler, in.Guarantee().Sentences(in.Kind))
	}
	for _, namespace := range []map[string]string{nil, {"team": "shop", "watched": "yes"}, {"probe-injector.dev/inject": "false"}} {
		var groups []string
		for _, route := range engine.Routes(c.view, "shop", namespace) {
			groups = append(groups, route.Group)
		}
		fmt.Fprintf(b, "routed to %q\n", groups)
	}
}

// note counts what a decision shows of the engine.
func (r reached) note(d *policy.Decision) {
	for i := range d.Injections {
		in := &d.Injections[i]
		r["source "+string(in.Source)]++
		r["kind "+string(in.Kind)]++
		r["evidence "+string(in.Evidence.Kind)]++
		r["profile "+in.Profile]++
		if in.Source == policy.SourceEvidence {
			r["recognised "+in.Profile]++
		}
	}
	for _, s := range d.Skips {
		r["reason "+string(s.Reason)]++
		switch s.Reason {
		case reason.NotOffered, reason.OwnKeyOnly:
			r["profile "+s.Detail]++
		case reason.CommandOverridden:
			r["recognised "+s.Detail]++
		}
	}
	for _, f := range d.Findings {
		r["lint "+string(f.Rule)]++
		r["severity "+string(f.Severity)]++
	}
	r["mode "+string(d.Mode)]++
}

// expectAll makes sure that the seeds reach all that the engine can say: otherwise equal digests prove little.
func (r reached) expectAll(t *testing.T) {
	t.Helper()
	var want []string
	for _, d := range reason.Table() {
		// The size of the object in its review is not part of a Pod.
		if d.Reason != reason.PodTooLarge {
			want = append(want, "reason "+string(d.Reason))
		}
	}
	for _, d := range detect.EvidenceTable {
		want = append(want, "evidence "+string(d.Kind))
	}
	want = append(want, "source annotation", "source profile", "source evidence", "source inference", "kind startup", "kind liveness", "kind readiness",
		"severity E", "severity W", "severity I", "mode Inject", "mode Audit")
	built, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for i := range built.Profiles {
		want = append(want, "profile "+built.Profiles[i].Name)
	}
	const often, recognised, rules = 10, 60, 30
	for _, what := range want {
		if r[what] < often {
			t.Errorf("the seeds reach %s %d times, want at least %d", what, r[what], often)
		}
	}
	if n := r.count("recognised "); n < recognised {
		t.Errorf("the seeds recognise %d profiles, want at least %d", n, recognised)
	}
	if n := r.count("lint PS"); n < rules {
		t.Errorf("the seeds reach %d lint rules, want at least %d", n, rules)
	}
}

// comeAgain puts the decision into the Pod as the API server would, and then does what happens to it before it comes again.
func (c *drawnCase) comeAgain() {
	d := c.decision
	var last **corev1.Probe
	for i := range d.Injections {
		in := &d.Injections[i]
		containers := c.pod.Spec.Containers
		if in.Container.Init {
			containers = c.pod.Spec.InitContainers
		}
		last = &containers[in.Container.Index].ReadinessProbe
		switch in.Kind {
		case probe.Startup:
			last = &containers[in.Container.Index].StartupProbe
		case probe.Liveness:
			last = &containers[in.Container.Index].LivenessProbe
		case probe.Readiness:
		}
		*last = in.Probe.DeepCopy()
	}
	status := d.Status
	if c.again == "upgrade" {
		status = strings.Replace(status, "(v0.0.0)", "(v0.0.1)", 1)
	}
	if status != "" {
		if c.pod.Metadata.Annotations == nil {
			c.pod.Metadata.Annotations = map[string]string{}
		}
		c.pod.Metadata.Annotations["probe-injector.dev/status"] = status
	}
	if last == nil {
		return
	}
	switch c.again {
	case "strip":
		*last = nil
	case "change":
		(*last).ProbeHandler = corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}
	case "retime":
		(*last).PeriodSeconds, (*last).FailureThreshold = 17, 9
	}
}

// ------------------------------------------------------------------------------------------------------------ the test

// reached counts what the seeds reach.
type reached map[string]int

func (r reached) count(prefix string) int {
	n := 0
	for what := range r {
		if strings.HasPrefix(what, prefix) {
			n++
		}
	}
	return n
}

// podsPerSeed is how many Pods each seed stands for.
const podsPerSeed = 2

// answer is all that the engine says about the Pods of a seed, with the Pods or without.
func (e *differentialEngine) answer(drawing *drawing, seed uint64, withPods bool, seen reached) (string, error) {
	var b strings.Builder
	drawing = drawing.with(seed)
	for i := range podsPerSeed {
		c := drawing.draw()
		if err := e.ask(&b, c, withPods, seen); err != nil {
			return "", err
		}
		if i == 0 {
			e.renderSurroundings(&b, c)
		}
		if c.again == "" || c.pod.Metadata == nil {
			continue
		}
		c.comeAgain()
		b.WriteString("again:\n")
		if err := e.ask(&b, c, withPods, seen); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// ask renders what is decided about a case.
func (e *differentialEngine) ask(b *strings.Builder, c *drawnCase, withPod bool, seen reached) error {
	text, err := json.Marshal(c.pod)
	if err != nil {
		return err
	}
	if withPod {
		fmt.Fprintf(b, "policy %d, group %q, notes %t, again %q: %s\n", c.policy, c.group, c.notes, c.again, text)
	}
	if err := e.decide(c, text); err != nil {
		return err
	}
	seen.note(c.decision)
	b.WriteString(renderDecision(c.decision))
	return nil
}

func TestDecisionsStayAsTheyWere(t *testing.T) {
	engine, drawing := &differentialEngine{}, newDrawing(t)
	for _, each := range differentialPolicies() {
		engine.policies = append(engine.policies, mustParse(t, each.file()))
	}
	if *renderSeed >= 0 {
		rendered, err := engine.answer(drawing, uint64(*renderSeed), true, reached{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Print(rendered)
		return
	}
	digests, seen := engine.digests(t, drawing)
	seen.expectAll(t)
	if *updateDecisions {
		writeDigests(t, digests)
	}
	const shown = 5
	var wrong []int
	want := readDigests(t)
	for seed, digest := range digests {
		if digest != want[seed] {
			wrong = append(wrong, seed)
		}
	}
	for _, seed := range wrong[:min(shown, len(wrong))] {
		rendered, err := engine.answer(drawing, uint64(seed), true, reached{})
		t.Errorf("seed %d is decided otherwise (error %v):\n%s", seed, err, rendered)
	}
	if len(wrong) > 0 {
		t.Errorf("%d of %d seeds are decided otherwise, from %d to %d", len(wrong), len(digests), wrong[0], wrong[len(wrong)-1])
	}
}

// digests asks about all seeds, on all processors.
func (e *differentialEngine) digests(t *testing.T, drawing *drawing) ([]string, reached) {
	t.Helper()
	digests, workers := make([]string, differentialSeeds), runtime.GOMAXPROCS(0)
	seen := make([]reached, workers)
	var all sync.WaitGroup
	for worker := range workers {
		seen[worker] = reached{}
		all.Go(func() {
			for seed := worker; seed < differentialSeeds; seed += workers {
				rendered, err := e.answer(drawing, uint64(seed), false, seen[worker])
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				sum := sha256.Sum256([]byte(rendered))
				digests[seed] = hex.EncodeToString(sum[:])[:digestLength]
			}
		})
	}
	all.Wait()
	for _, each := range seen[1:] {
		for what, n := range each {
			seen[0][what] += n
		}
	}
	return digests, seen[0]
}

func writeDigests(t *testing.T, digests []string) {
	t.Helper()
	var text bytes.Buffer
	for i, digest := range digests {
		text.WriteString(digest)
		if (i+1)%digestsPerLine == 0 || i+1 == len(digests) {
			text.WriteByte('\n')
		} else {
			text.WriteByte(' ')
		}
	}
	if err := os.WriteFile(digestFile, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readDigests(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(digestFile)
	if err != nil {
		t.Fatal(err)
	}
	digests := strings.Fields(string(text))
	if len(digests) != differentialSeeds {
		t.Fatalf("%s has %d digests, want %d", digestFile, len(digests), differentialSeeds)
	}
	return digests
}
