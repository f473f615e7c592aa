package chart_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// TestWrongValuesAreRefused: whatever cannot be right is found before anything is installed, and named.
func TestWrongValuesAreRefused(t *testing.T) {
	cases := map[string]struct{ values, want string }{
		"a value that is no value":          {`{replicas: 3}`, "replicas"},
		"a member that is none":             {`{webhook: {failurePolic: Fail}}`, "failurePolic"},
		"a fixed invariant":                 {`{webhook: {reinvocationPolicy: IfNeeded}}`, "reinvocationPolicy"},
		"a misspelt word":                   {`{webhook: {failurePolicy: fail}}`, "/webhook/failurePolicy"},
		"a mode that is none":               {`{tls: {mode: helm}}`, "/tls/mode"},
		"more patience than the API allows": {`{webhook: {timeoutSeconds: 31}}`, "/webhook/timeoutSeconds"},
		"a misspelt member of the policy":   {`{policy: {rulez: []}}`, "rulez"},
		"a rule without a name":             {`{policy: {rules: [{probes: [readiness]}]}}`, "name"},
		"a rule for startup probes":         {`{policy: {rules: [{name: a, probes: [startup]}]}}`, "/policy/rules/0/probes/0"},
		"a duration without a unit":         {`{policy: {maxStartupBudget: "60"}}`, "/policy/maxStartupBudget"},
		"an issuer without a name":          {`{tls: {certManager: {issuerRef: {kind: ClusterIssuer}}}}`, "/tls/certManager/issuerRef"},
		"a registry with a scheme":          {`{image: {registry: "https://registry.example.com"}}`, "/image/registry"},
		"a repository of capital letters":   {`{image: {repository: Platform/probe-injector}}`, "/image/repository"},
		"a repository with a tag":           {`{image: {repository: "probe-injector/probe-injector:v1"}}`, "/image/repository"},
		"a tag with a blank":                {`{image: {tag: "v0.1.0 "}}`, "/image/tag"},
		"a tag that is a number":            {`{image: {tag: 1.10}}`, "/image/tag"},
		"a digest that is a tag":            {`{image: {digest: v0.1.0}}`, "/image/digest"},
		"a label that is a number":          {`{podLabels: {a: 1}}`, "/podLabels/a"},
		"the key of a label with a blank":   {`{commonLabels: {"our team": platform}}`, "our team"},
		"the key of an annotation":          {`{podAnnotations: {a/b/c: d}}`, "a/b/c"},
		"a node's label that is none":       {`{nodeSelector: {pool: "gold and silver"}}`, "/nodeSelector/pool"},
		"a class that is none":              {`{priorityClassName: System}`, "/priorityClassName"},
		"a pull secret that is a word":      {`{imagePullSecrets: [registry]}`, "/imagePullSecrets/0"},
		"a pull secret whose name is none":  {`{imagePullSecrets: [{name: Our_Registry}]}`, "/imagePullSecrets/0/name"},
		"an object without a kind":          {`{extraObjects: [{apiVersion: v1}]}`, "/extraObjects/0"},
		"matchers in braces":                {`{metrics: {prometheusRule: {selector: '{job="a"}'}}}`, "/metrics/prometheusRule/selector"},
		"matchers without quotes":           {`{metrics: {prometheusRule: {selector: job=a}}}`, "/metrics/prometheusRule/selector"},
		"one of no values":                  {`{validatingAdmissionPolicy: {namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}}`, "/validatingAdmissionPolicy/namespaceSelector/matchExpressions/0"},
		"existence with a value":            {`{validatingAdmissionPolicy: {namespaceSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}}`, "/validatingAdmissionPolicy/namespaceSelector/matchExpressions/0/values"},
		"an argument without dashes":        {`{extraArgs: [log-level=debug]}`, "/extraArgs/0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := chart.Render(chart.Options{Values: c.values})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one about %s", err, c.want)
			}
		})
	}
}

// TestADependencyOfAnotherChartIsAccepted: Helm adds global, and people name the condition enabled.
func TestADependencyOfAnotherChartIsAccepted(t *testing.T) {
	renderAll(t, `{global: {imageRegistry: example.com}, enabled: true}`)
}

// TestNamesAreWrittenAsTheAPIServerPermits tries keys, values and matchers that clusters have.
func TestNamesAreWrittenAsTheAPIServerPermits(t *testing.T) {
	for _, values := range []string{
		`{podLabels: {a: "", A.b_c-d: x_Y.z, example.com/a: "1"}}`, `{nodeSelector: {kubernetes.io/os: null, node-role.kubernetes.io/infra: ""}}`,
		`{podAnnotations: {Example.COM/a: "any: {text}", a: ""}, commonAnnotations: {meta.helm.sh/x: z}}`,
		`{priorityClassName: system-cluster-critical, imagePullSecrets: [{name: our.registry}]}`,
		`{metrics: {prometheusRule: {selector: 'job="a"'}}}`, `{metrics: {prometheusRule: {selector: 'job=~"(a|b)/\\d", cluster!="x",'}}}`,
		`{metrics: {prometheusRule: {selector: "namespace='ours'"}}}`,
		"{metrics: {prometheusRule: {selector: \"job=~`a|b`,\\n 'our.label' != ''\"}}}",
		`{validatingAdmissionPolicy: {namespaceSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b, ""]}, {key: example.com/c, operator: Exists, values: []}, {key: d, operator: DoesNotExist, values: null}]}}}`,
	} {
		renderAll(t, values)
	}
}

// TestImagesAreNamedAsRegistriesPermit tries names of images that clusters have.
func TestImagesAreNamedAsRegistriesPermit(t *testing.T) {
	for _, image := range []string{
		`{registry: "registry.example.com:5000/mirror/ghcr.io"}`, `{registry: "[fd00::1]:5000"}`, `{registry: localhost}`, `{registry: ""}`,
		`{registry: 123456789012.dkr.ecr.eu-west-1.amazonaws.com, repository: platform/probe__injector-x}`,
		`{registry: "", repository: "Registry.example.com:5000/platform/probe-injector"}`, `{registry: "", repository: "[fd00::1]:5000/a"}`,
		`{registry: "", repository: ghcr.io/probe-injector/probe-injector}`,
		`{tag: "v0.1.0@sha256:` + strings.Repeat("0", 64) + `"}`, `{tag: _dev.1-x}`, `{tag: "1.10"}`,
	} {
		renderAll(t, "{image: "+image+"}")
	}
}

// TestTheCLIReadsTheChartsValues gives values files of the chart to the program with which people check them.
func TestTheCLIReadsTheChartsValues(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "probe-injector")
	err = gobuild.Build(t.Context(), gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: program})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "charts", "probe-injector")
	for file, want := range map[string]string{
		"values.yaml":               "valid: 1 rule, 1 group, 0 profiles",
		"ci/everything-values.yaml": "valid: 2 rules, 2 groups, 1 profile",
		"ci/small-values.yaml":      "valid: 0 rules, 0 groups, 0 profiles",
	} {
		t.Run(file, func(t *testing.T) {
			output, err := exec.CommandContext(t.Context(), program, "policy", "validate", filepath.Join(folder, file)).CombinedOutput()
			if err != nil || !strings.Contains(string(output), want) {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}
