package integration

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

const (
	annotated = "/mutate/annotated"
	byRule    = "/mutate/rules/labelled-namespaces"
)

// installation is one set of values and what they make the API server send where.
type installation struct {
	values string
	cases  map[string]selection
}

// selection is one Pod in one namespace, and the paths that it reaches.
type selection struct {
	namespace string
	pod       pod
	want      []string
}

// namespaces are those that the cases use, with their labels.
func namespaces() map[string]map[string]string {
	return map[string]map[string]string{
		"plain":          nil,
		"labelled":       {"probe-injector.dev/inject": "true"},
		"killed":         {"probe-injector.dev/inject": "false"},
		"misspelt":       {"probe-injector.dev/inject": "yes"},
		"excluded":       {"probe-injector.dev/inject": "true"},
		"probe-injector": {"probe-injector.dev/inject": "true"},
	}
}

func TestWhichPodsReachUs(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{})
	for name, labels := range namespaces() {
		if err := plane.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		if err := plane.PrepareNamespace(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	installations := map[string]installation{
		"by default":                       byDefault(),
		"with excluded namespaces":         withExcludedNamespaces(),
		"under Fail":                       underFail(),
		"with requireLabel":                withRequireLabel(),
		"with rules that ask for both":     withBothProbes(),
		"with two groups that match a Pod": withTwoGroups(),
		"without rules":                    withoutRules(),
	}
	for name, installation := range installations {
		t.Run(name, func(t *testing.T) {
			webhook := newRecorder(t)
			register(t, plane, installation.values, webhook)
			for name, test := range installation.cases {
				t.Run(name, func(t *testing.T) {
					if err := test.pod.create(t.Context(), plane, test.namespace, "pod"); err != nil {
						t.Fatal(err)
					}
					if got := webhook.take(test.namespace, "pod"); !slices.Equal(got, test.want) {
						t.Errorf("it reached %q, not %q", got, test.want)
					}
				})
			}
		})
	}
	scrape, err := plane.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const failures = "apiserver_admission_match_condition_evaluation_errors_total"
	if got := scrape.Sum(failures, nil); got != 0 {
		t.Errorf("%v match conditions could not be evaluated", got)
	}
}

func byDefault() installation {
	cases := map[string]selection{
		"a Pod without annotations reaches nothing":                  {"plain", pod{}, nil},
		"a Pod with others' annotations reaches nothing":             {"plain", asking("example.com/inject", "true"), nil},
		"a Pod whose annotation's domain only begins like ours":      {"plain", asking("probe-injector.development/inject", "true"), nil},
		"a Pod with our domain as an annotation's value":             {"plain", asking("a", "probe-injector.dev/inject"), nil},
		"inject false says hands off":                                {"plain", asking("probe-injector.dev/inject", "false"), nil},
		"inject false wins over other keys":                          {"plain", asking("probe-injector.dev/inject", "false", "probe-injector.dev/liveness", "/livez"), nil},
		"inject that is no boolean reaches us, to be told":           {"plain", asking("probe-injector.dev/inject", "no"), []string{annotated}},
		"an unknown key reaches us, to be told":                      {"plain", asking("probe-injector.dev/livenes", "/livez"), []string{annotated}},
		"our status alone asks for nothing":                          {"plain", asking("probe-injector.dev/status", "web: nothing"), nil},
		"our status does not hide another key":                       {"plain", asking("probe-injector.dev/status", "x", "probe-injector.dev/readiness", "/"), []string{annotated}},
		"a container's inject false is a key like any other":         {"plain", asking("nginx.probe-injector.dev/inject", "false"), []string{annotated}},
		"a mirror Pod reaches nothing, whatever it carries":          {"plain", mirror("probe-injector.dev/inject", "true"), nil},
		"a Pod that asks and has probes reaches us, to be told":      {"plain", pod{annotations: inject(), containers: probed(true, true)}, []string{annotated}},
		"our own Pods reach nothing":                                 {"plain", pod{annotations: inject(), labels: map[string]string{"probe-injector.dev/component": "webhook"}}, nil},
		"500 annotations are searched for a key of ours":             {"plain", pod{annotations: with(manyAnnotations(499), "probe-injector.dev/liveness", "/")}, []string{annotated}},
		"of 501 annotations only inject counts":                      {"plain", pod{annotations: with(manyAnnotations(500), "probe-injector.dev/inject", "true")}, []string{annotated}},
		"of 501 annotations only profile counts":                     {"plain", pod{annotations: with(manyAnnotations(500), "probe-injector.dev/profile", "go")}, []string{annotated}},
		"of 501 annotations other keys do not count":                 {"plain", pod{annotations: with(manyAnnotations(500), "probe-injector.dev/liveness", "/")}, nil},
		"40,000 annotations without a key of ours reach nothing":     {"plain", pod{annotations: manyAnnotations(40_000)}, nil},
		"40,000 annotations with inject reach us":                    {"plain", pod{annotations: with(manyAnnotations(39_990), "probe-injector.dev/inject", "true")}, []string{annotated}},
		"40,000 annotations and inject false reach nothing":          {"plain", pod{annotations: with(manyAnnotations(39_990), "probe-injector.dev/inject", "false")}, nil},
		"8,000 containers without annotations reach nothing":         {"plain", pod{containers: manyContainers(8_000)}, nil},
		"8,000 containers that ask reach us":                         {"plain", pod{annotations: inject(), containers: manyContainers(8_000)}, []string{annotated}},
		"nothing in a namespace labelled false reaches us":           {"killed", asking("probe-injector.dev/inject", "true"), nil},
		"nothing in kube-system reaches us":                          {"kube-system", asking("probe-injector.dev/inject", "true"), nil},
		"nothing in kube-public reaches us":                          {"kube-public", asking("probe-injector.dev/inject", "true"), nil},
		"nothing in kube-node-lease reaches us":                      {"kube-node-lease", asking("probe-injector.dev/inject", "true"), nil},
		"the default namespace is one like any other":                {"default", asking("probe-injector.dev/inject", "true"), []string{annotated}},
		"so is the namespace that we are installed into":             {"probe-injector", asking("probe-injector.dev/inject", "true"), []string{annotated}},
		"a namespace's label other than true selects no rule":        {"misspelt", pod{}, nil},
		"a namespace's label other than false does not kill":         {"misspelt", asking("probe-injector.dev/inject", "true"), []string{annotated}},
		"a rule: a Pod without readiness reaches its entry":          {"labelled", pod{}, []string{byRule}},
		"a rule: a Pod with liveness alone reaches its entry":        {"labelled", pod{containers: probed(false, true)}, []string{byRule}},
		"a rule: a Pod with readiness reaches nothing":               {"labelled", pod{containers: probed(true, false)}, nil},
		"a rule: one container of two without readiness is enough":   {"labelled", pod{containers: append(probed(true, false), manyContainers(1)...)}, []string{byRule}},
		"a rule: others' annotations do not matter":                  {"labelled", asking("example.com/a", "b"), []string{byRule}},
		"a rule: our status does not matter":                         {"labelled", asking("probe-injector.dev/status", "x"), []string{byRule}},
		"a rule: inject false says hands off":                        {"labelled", asking("probe-injector.dev/inject", "false"), nil},
		"a rule: a Pod that asks does so at the one entry only":      {"labelled", asking("probe-injector.dev/inject", "true"), []string{annotated}},
		"a rule: timing keys alone belong to the one entry as well":  {"labelled", asking("probe-injector.dev/readiness.periodSeconds", "5"), []string{annotated}},
		"a rule: a container's key belongs to the one entry as well": {"labelled", asking("nginx.probe-injector.dev/liveness", "/"), []string{annotated}},
		"a rule: a mirror Pod reaches nothing":                       {"labelled", mirror(), nil},
		"a rule: our own Pods reach nothing":                         {"labelled", pod{labels: map[string]string{"probe-injector.dev/component": "webhook"}}, nil},
		"a rule: 100 containers are looked through":                  {"labelled", pod{containers: manyContainers(100)}, []string{byRule}},
		"a rule: 101 containers are not":                             {"labelled", pod{containers: manyContainers(101)}, nil},
		"a rule: 8,000 containers reach nothing":                     {"labelled", pod{containers: manyContainers(8_000)}, nil},
		"a rule: 40,000 annotations are no hindrance":                {"labelled", pod{annotations: manyAnnotations(40_000)}, []string{byRule}},
		// The API server does not look for these keys among so many. The server does, and knows what to make of it.
		"a rule: of 501 annotations, other keys do not keep it away":    {"labelled", pod{annotations: with(manyAnnotations(500), "probe-injector.dev/liveness", "/")}, []string{byRule}},
		"a rule: of 501 annotations, inject false still says hands off": {"labelled", pod{annotations: with(manyAnnotations(500), "probe-injector.dev/inject", "false")}, nil},
	}
	for _, key := range keys() {
		cases["the key "+key+" asks"] = selection{"plain", asking(key, "x"), []string{annotated}}
	}
	return installation{cases: cases}
}

// keys are all annotations that ask or adjust, as a user writes them.
func keys() []string {
	const domain = "probe-injector.dev/"
	return []string{
		domain + "inject", domain + "liveness", domain + "readiness", domain + "startup", domain + "profile",
		domain + "startup-budget", domain + "restart-after", domain + "unready-after", domain + "host-header",
		domain + "readiness.failureThreshold",
		"nginx." + domain + "inject", "nginx." + domain + "liveness", "nginx." + domain + "readiness.periodSeconds",
	}
}

func withExcludedNamespaces() installation {
	return installation{
		values: `{excludedNamespaces: [excluded]}`,
		cases: map[string]selection{
			"nothing in an excluded namespace reaches us": {"excluded", asking("probe-injector.dev/inject", "true"), nil},
			"nor does a rule's Pod there":                 {"excluded", pod{}, nil},
			"other namespaces are as ever":                {"labelled", pod{}, []string{byRule}},
			"kube-system stays excluded":                  {"kube-system", asking("probe-injector.dev/inject", "true"), nil},
		},
	}
}

func underFail() installation {
	return installation{
		values: `{webhook: {failurePolicy: Fail}}`,
		cases: map[string]selection{
			"nothing in our own namespace reaches us": {"probe-injector", asking("probe-injector.dev/inject", "true"), nil},
			"nor does a rule's Pod there":             {"probe-injector", pod{}, nil},
			"other namespaces are as ever":            {"plain", asking("probe-injector.dev/inject", "true"), []string{annotated}},
		},
	}
}

func withRequireLabel() installation {
	labelled := map[string]string{"probe-injector.dev/inject": "x"}
	return installation{
		values: `{webhook: {requireLabel: true}}`,
		cases: map[string]selection{
			"a Pod that asks without the label reaches nothing": {"plain", asking("probe-injector.dev/inject", "true"), nil},
			"a Pod that asks with the label reaches us":         {"plain", pod{annotations: inject(), labels: labelled}, []string{annotated}},
			"the label alone asks for nothing":                  {"plain", pod{labels: labelled}, nil},
			"a rule: a Pod without the label reaches nothing":   {"labelled", pod{}, nil},
			"a rule: a Pod with the label reaches the rule":     {"labelled", pod{labels: labelled}, []string{byRule}},
			"our own Pods reach nothing, labelled or not":       {"labelled", pod{labels: map[string]string{"probe-injector.dev/inject": "x", "probe-injector.dev/component": "webhook"}}, nil},
		},
	}
}

func withBothProbes() installation {
	const path = "/mutate/rules/both"
	return installation{
		values: `{policy: {rules: [{name: both, namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}, probes: [readiness, liveness]}]}}`,
		cases: map[string]selection{
			"a Pod without probes reaches the rule":      {"labelled", pod{}, []string{path}},
			"a Pod without liveness reaches the rule":    {"labelled", pod{containers: probed(true, false)}, []string{path}},
			"a Pod without readiness reaches the rule":   {"labelled", pod{containers: probed(false, true)}, []string{path}},
			"a Pod with both reaches nothing":            {"labelled", pod{containers: probed(true, true)}, nil},
			"a Pod in another namespace reaches nothing": {"plain", pod{}, nil},
		},
	}
}

func withTwoGroups() installation {
	return installation{
		values: `{policy: {rules: [
			{name: everywhere, probes: [readiness]},
			{name: labelled, namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}, probes: [liveness]},
			{name: everywhere-else, namespaceSelector: {}, probes: [readiness]}]}}`,
		cases: map[string]selection{
			"a Pod that both select reaches both, in order": {"labelled", pod{}, []string{"/mutate/rules/everywhere", "/mutate/rules/labelled"}},
			"a Pod that one selects reaches one":            {"plain", pod{}, []string{"/mutate/rules/everywhere"}},
			"what has to be missing differs":                {"labelled", pod{containers: probed(true, false)}, []string{"/mutate/rules/labelled"}},
			"the killed namespace stays killed":             {"killed", pod{}, nil},
			"kube-system stays excluded":                    {"kube-system", pod{}, nil},
		},
	}
}

func withoutRules() installation {
	return installation{
		values: `{policy: {rules: []}}`,
		cases: map[string]selection{
			"a Pod that does not ask reaches nothing": {"labelled", pod{}, nil},
			"a Pod that asks reaches us":              {"labelled", asking("probe-injector.dev/inject", "true"), []string{annotated}},
		},
	}
}

// asking is a Pod with the annotations, given as keys and values in turn.
func asking(pairs ...string) pod {
	annotations := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		annotations[pair[0]] = pair[1]
	}
	return pod{annotations: annotations}
}

// mirror is a Pod that a kubelet shows for one of its static ones, with more annotations.
func mirror(pairs ...string) pod {
	p := asking(append(pairs, "kubernetes.io/config.mirror", "x")...)
	p.node = "node"
	return p
}

// inject is the annotation that asks for everything.
func inject() map[string]string { return map[string]string{"probe-injector.dev/inject": "true"} }

// probed is one container with the given probes.
func probed(readiness, liveness bool) []corev1.Container {
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(80)}}}
	container := corev1.Container{Name: "probed", Image: "i"}
	if readiness {
		container.ReadinessProbe = probe
	}
	if liveness {
		container.LivenessProbe = probe
	}
	return []corev1.Container{container}
}
