package check_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// workloadOf reads the part of a manifest that preflight looks at.
func workloadOf(t *testing.T, manifests string) *preflight.Object {
	t.Helper()
	var object struct {
		Metadata *workload.ObjectMeta `json:"metadata"`
		Spec     struct {
			Template *workload.Pod `json:"template"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(manifests), &object); err != nil {
		t.Fatal(err)
	}
	return &preflight.Object{Metadata: object.Metadata, Template: object.Spec.Template}
}

// Whoever applies a workload and whoever lints it hear the same.
func TestWhatIsToldAtApplyIsAFinding(t *testing.T) {
	form, _ := workload.KindOf(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	file, told := chart(t), 0
	check := func(manifests string) {
		t.Helper()
		in := read(t, manifests)
		found := findings(t, file, in)
		verdict, err := preflight.Judge(file.Policy, &preflight.Change{Kind: "Deployment", Form: form, Object: workloadOf(t, manifests)}, preflight.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range verdict.Warnings {
			told++
			sentence := strings.TrimPrefix(line, "deployment/"+in.Workloads[0].Name+": ")
			sentence = regexp.MustCompile(` \(and \d+ more\)$`).ReplaceAllString(sentence, "")
			if !moreWarnings.MatchString(sentence) && !slices.ContainsFunc(found, func(f finding.Finding) bool { return says(&f, sentence) }) {
				t.Errorf("no finding says %q of\n%s\nbut\n%+v", sentence, manifests, found)
			}
		}
	}
	for _, metadata := range []string{
		"{name: web, annotations: {probe-injector.dev/liveness: /livez}}", `{name: web, labels: {probe-injector.dev/inject: "true"}}`,
		"{name: web, labels: {probe-injector.dev/liveness: x}}", `{name: web, annotations: {probe-injector.io/inject: "true", probe-injector/startup-budget: 5m}}`,
		`{name: web, annotations: {probe-injector.dev/liveness: "", probe-injector.dev/readiness: x}, labels: {probe-injector.dev/inject: x}}`,
	} {
		for _, template := range []string{"{}", "{annotations: {probe-injector.dev/readiness: /readyz}}", `{annotations: {probe-injector.dev/inject: "yes"}, labels: {probe-injector.dev/inject: "true"}}`, "{labels: {probe-injector.dev/liveness: x}}"} {
			check("apiVersion: apps/v1\nkind: Deployment\nmetadata: " + metadata + "\nspec: {template: {metadata: " + template + ", spec: {containers: [{name: web, image: x, ports: [{containerPort: 80}]}]}}}\n")
		}
	}
	for seed := range uint64(200) {
		check(strings.NewReplacer("kind: StatefulSet", "kind: Deployment", "kind: DaemonSet", "kind: Deployment").Replace(drawn(rand.New(rand.NewPCG(seed, 29)))))
	}
	if told < 200 {
		t.Errorf("%d lines", told)
	}
}
