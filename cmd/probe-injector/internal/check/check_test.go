package check_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/check"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/policytest"
	"github.com/probe-injector/probe-injector/policy/text"
)

// root is the folder of the repository.
const root = "../../../.."

func chart(t *testing.T) *policyfile.File {
	t.Helper()
	file, err := policyfile.Default("v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, text string) *manifest.Input {
	t.Helper()
	in, err := manifest.Read(manifest.Files{Names: []string{manifest.Stdin}, Stdin: strings.NewReader(text), Namespace: "shop"})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return in
}

func findings(t *testing.T, file *policyfile.File, in *manifest.Input) []finding.Finding {
	t.Helper()
	result, err := check.All(file, in)
	if err != nil {
		t.Fatal(err)
	}
	return result.Findings
}

// warningsOf are those that the webhook gives about the Pods, which all ask.
func warningsOf(t *testing.T, file *policyfile.File, in *manifest.Input) []string {
	t.Helper()
	var all []string
	for i := range in.Workloads {
		w := &in.Workloads[i]
		if !policy.Asks(w.Pod) {
			continue
		}
		d, _, err := patch.Decide(file.Policy, policy.Subject{Pod: w.Pod}, patch.Options{ObjectBytes: w.Bytes})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d.Warnings...)
	}
	return all
}

var (
	moreWarnings = regexp.MustCompile(`^and \d+ more: `)
	leftOut      = regexp.MustCompile(`\.{3,}`)
	ruleAtEnd    = regexp.MustCompile(` \((PS\d{3})\)$`)
)

// says reports whether a finding is what a warning says, in the same words: what a warning leaves out for its length is "...".
func says(f *finding.Finding, warning string) bool {
	if f.Severity == finding.Note {
		return false
	}
	if rule := ruleAtEnd.FindStringSubmatch(warning); rule != nil {
		if rule[1] != f.ID {
			return false
		}
		warning = strings.TrimSuffix(warning, rule[0])
	}
	said := text.ASCII(f.Message)
	for _, prefix := range []string{f.Container, strings.TrimSuffix(f.Probe, "Probe"), "pod"} {
		if prefix != "" {
			warning = strings.TrimPrefix(warning, text.ASCII(prefix)+": ")
		}
	}
	for _, part := range leftOut.Split(warning, -1) {
		_, rest, found := strings.Cut(said, part)
		if !found {
			return false
		}
		said = rest
	}
	return true
}

func checkWarnings(t *testing.T, file *policyfile.File, in *manifest.Input, manifests string) (warnings int) {
	t.Helper()
	found := findings(t, file, in)
	for _, warning := range warningsOf(t, file, in) {
		warnings++
		if !moreWarnings.MatchString(warning) && !slices.ContainsFunc(found, func(f finding.Finding) bool { return says(&f, warning) }) {
			t.Errorf("no finding says %q of\n%s\nbut\n%+v", warning, manifests, found)
		}
	}
	return warnings
}

func TestEveryWarningOfAWrongAnnotationIsAFinding(t *testing.T) {
	rows, err := policytest.ReadWrongAnnotations(os.DirFS(filepath.Join(root, "policy", "testdata")))
	if err != nil {
		t.Fatal(err)
	}
	file, warnings := chart(t), 0
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			in := read(t, string(row.Manifest))
			warnings += checkWarnings(t, file, in, string(row.Manifest))
			checkPositions(t, in, findings(t, file, in))
		})
	}
	if warnings < len(rows) {
		t.Errorf("%d warnings of %d rows", warnings, len(rows))
	}
}

// checkPositions demands that a finding about a key stands at the key, one about a probe that is written at the probe.
func checkPositions(t *testing.T, in *manifest.Input, found []finding.Finding) {
	t.Helper()
	lines := strings.Split(string(in.Sources[0].Text), "\n")
	for _, f := range found {
		at := strings.TrimLeft(lines[f.Position.Line-1][f.Position.Column-1:], `"'`)
		last := f.Field
		if strings.HasSuffix(last, "]") {
			last = strings.TrimSuffix(last[strings.LastIndexByte(last, '[')+1:], "]")
		} else {
			last = last[strings.LastIndexByte(last, '.')+1:]
		}
		if !regexp.MustCompile(`^\d+$`).MatchString(last) && last != "spec" && f.Field != "<nil>" && !strings.HasPrefix(at, last) {
			t.Errorf("%s %q stands at %s, where %q is", f.ID, f.Field, f.Position, at)
		}
	}
}

func TestEveryWarningOfTheExamplesIsAFinding(t *testing.T) {
	for _, name := range []string{"mistakes/*.yaml", "annotations/*.yaml", "flask-app/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, "examples", name))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "kind:") {
				continue
			}
			in, err := manifest.Read(manifest.Files{Names: []string{path}, Namespace: "shop"})
			if err != nil {
				t.Fatal(err)
			}
			// Each is asked for, so that the webhook looks at it.
			for i := range in.Workloads {
				if !policy.Asks(in.Workloads[i].Pod) {
					in.Workloads[i].Pod.Metadata.Annotations = map[string]string{"probe-injector.dev/inject": "true"}
				}
			}
			checkWarnings(t, chart(t), in, path)
		}
	}
}

// drawn is a random manifest of a Pod that asks, in ways that are right, wrong and in vain.
func drawn(random *rand.Rand) string {
	of := func(values ...string) string { return values[random.IntN(len(values))] }
	keys := []string{"inject", "liveness", "readiness", "startup", "profile", "startup-budget", "restart-after", "unready-after", "host-header",
		"liveness.periodSeconds", "readiness.failureThreshold", "livness", "enabled", "startup.timeoutSeconds"}
	values := []string{"true", "false", "yes", "/livez", "livez", "http:8080/x", "http:web/x", "tcp:53", "grpc:9000", "postgres", "spring-boot", "2m", "2 min", "5", "0", "999999",
		"shop.example.com", "exec:true", strings.Repeat("long", 30), "tcp:3306", "http:9000/x", "ü"}
	containers := []string{"web", "log", "istio-proxy"}[:1+random.IntN(3)]
	annotations := map[string]any{}
	for range 1 + random.IntN(4) {
		prefix := of("", "", "", "web.", "log.", "none.")
		annotations[prefix+"probe-injector.dev/"+keys[random.IntN(len(keys))]] = values[random.IntN(len(values))]
	}
	labels := map[string]any{}
	if random.IntN(8) == 0 {
		labels["probe-injector.dev/"+of("inject", "liveness", "injected")] = "true"
	}
	var list []any
	for _, name := range containers {
		c := map[string]any{"name": name, "image": of("nginx:1.27", "postgres:17", "registry.example/shop", "busybox", "istio/proxyv2:1.30", "mysql:8")}
		if random.IntN(4) > 0 {
			c["ports"] = []any{map[string]any{"name": of("http", "web", "metrics", "dns"), "containerPort": []int{80, 8080, 9000, 53, 3306, 8443}[random.IntN(6)], "protocol": of("TCP", "TCP", "UDP")}}
		}
		for _, kind := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
			if random.IntN(4) == 0 {
				c[kind] = map[string]any{"httpGet": map[string]any{"path": of("/", "/healthz", "/actuator/health"), "port": 8080}, "periodSeconds": random.IntN(12), "timeoutSeconds": random.IntN(4)}
			}
		}
		list = append(list, c)
	}
	object := map[string]any{
		"apiVersion": "apps/v1", "kind": of("Deployment", "StatefulSet", "DaemonSet"), "metadata": map[string]any{"name": "x"},
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": annotations, "labels": labels}, "spec": map[string]any{"containers": list}}},
	}
	manifests, err := yaml.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(manifests)
}

func TestEveryWarningOfRandomPodsIsAFinding(t *testing.T) {
	file, warnings := chart(t), 0
	for seed := range uint64(600) {
		manifests := drawn(rand.New(rand.NewPCG(seed, 13)))
		in := read(t, manifests)
		warnings += checkWarnings(t, file, in, manifests)
		checkPositions(t, in, findings(t, file, in))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if warnings < 600 {
		t.Errorf("%d warnings", warnings)
	}
}

func TestKeysThatNobodyReadsAreFound(t *testing.T) {
	const object = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  %s
spec:
  template:
    metadata:
      %s
    spec:
      containers: [{name: web, image: x, ports: [{containerPort: 80}]}]
`
	for name, row := range map[string]struct {
		own, template string
		values        string
		want          []string
	}{
		"on the object's metadata": {
			"annotations: {probe-injector.dev/liveness: /livez}", "labels: {}", "",
			[]string{"5:17 error misplaced: probe-injector.dev/liveness has no effect here: move it to spec.template.metadata.annotations"},
		},
		"on both, with the same value": {"annotations: {probe-injector.dev/readiness: /readyz}", "annotations: {probe-injector.dev/readiness: /readyz}", "", nil},
		"on both, with another": {
			"annotations: {probe-injector.dev/readiness: /other}", "annotations: {probe-injector.dev/readiness: /readyz}", "",
			[]string{"5:17 error misplaced: probe-injector.dev/readiness has no effect here: move it to spec.template.metadata.annotations"},
		},
		"as a label of the Pod that asks": {
			"labels: {}", "annotations: {probe-injector.dev/readiness: /readyz}\n      labels: {probe-injector.dev/liveness: x}", "",
			[]string{"10:16 error misplaced: label probe-injector.dev/liveness has no effect: write it as an annotation"},
		},
		"as a label of the object": {
			"labels: {probe-injector.dev/inject: \"true\"}", "labels: {}", "",
			[]string{"5:12 warning misplaced: label probe-injector.dev/inject has no effect: write it in spec.template.metadata.annotations"},
		},
		"as a label of everything that asks": {
			"labels: {probe-injector.dev/inject: \"true\"}", "annotations: {probe-injector.dev/readiness: /readyz}\n      labels: {probe-injector.dev/inject: \"true\"}", "", nil,
		},
		"as the label that the chart asks for": {
			"labels: {}", "annotations: {probe-injector.dev/readiness: /readyz}\n      labels: {probe-injector.dev/inject: x}", "policy: {}\nwebhook: {requireLabel: true}\n", nil,
		},
		"with a misspelt domain": {
			"annotations: {probe-injector.io/inject: \"true\"}", "annotations: {probe-injector/liveness: /livez, web.Probe-Injector.dev/inject: x, probe-injector.dev/readiness: /readyz}", "",
			[]string{
				"5:17 error invalid_annotation: probe-injector.io/inject has no effect: the domain is probe-injector.dev",
				"9:21 error invalid_annotation: probe-injector/liveness has no effect: the domain is probe-injector.dev",
				"9:54 error invalid_annotation: web.Probe-Injector.dev/inject has no effect: the domain is probe-injector.dev",
			},
		},
		"of a container that is not there": {
			"labels: {}", "annotations: {wbe.probe-injector.dev/readiness: /readyz}", "",
			[]string{"9:21 error invalid_annotation: wbe.probe-injector.dev/readiness: \"wbe\": no such container: the Pod has web"},
		},
		"keys of others": {"annotations: {checksum/probe-injector: abc}", "annotations: {prometheus.io/probe: x}", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			file := chart(t)
			if row.values != "" {
				var err error
				if file, err = policyfile.Read([]byte(row.values), "v0.1.0"); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, f := range findings(t, file, read(t, fmt.Sprintf(object, row.own, row.template))) {
				if f.Severity != finding.Note && !strings.HasPrefix(f.ID, "PS") {
					got = append(got, fmt.Sprintf("%d:%d %s %s: %s", f.Position.Line, f.Position.Column, f.Severity, f.ID, f.Message))
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatIsAskedForInVainStandsAtTheKey(t *testing.T) {
	for name, row := range map[string]struct {
		annotations, container, want string
	}{
		"by inject":                      {`probe-injector.dev/inject: "true"`, "", "standard input:1:63 no_port"},
		"by the container's own key":     {`a.probe-injector.dev/liveness: "true"`, "", "standard input:1:63 no_port"},
		"by another key as well":         {`x.io/y: z, probe-injector.dev/readiness: "true"`, "", "standard input:1:74 no_port"},
		"by keys that alone ask nothing": {`probe-injector.dev/startup-budget: 5m`, ", ports: [{containerPort: 80}]", "standard input:1:63 not_asked"},
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {%s}}, spec: {containers: [{name: a, image: x%s}]}}`, row.annotations, row.container))
			found := findings(t, chart(t), in)
			if len(found) == 0 || fmt.Sprintf("%s %s", found[0].Position, found[0].ID) != row.want || (found[0].Remedy == "") != (found[0].ID == "no_port") {
				t.Errorf("got %+v, want %s", found, row.want)
			}
		})
	}
}

func TestPodsThatNobodyAsksAboutAreLintedAsTheyStand(t *testing.T) {
	const dangerous = "livenessProbe: {httpGet: {path: /, port: 80}, timeoutSeconds: 1}, readinessProbe: {tcpSocket: {port: 80}}"
	for _, meta := range []string{"namespace: kube-system", `annotations: {probe-injector.dev/inject: "false"}`, "labels: {}"} {
		in := read(t, "{apiVersion: v1, kind: Pod, metadata: {name: p, "+meta+"}, spec: {containers: [{name: a, image: x, ports: [{containerPort: 80}], "+dangerous+"}]}}")
		var ids []string
		for _, f := range findings(t, chart(t), in) {
			if f.Severity != finding.Note {
				ids = append(ids, f.ID)
			}
		}
		if diff := cmp.Diff([]string{"PS013", "PS016", "PS025"}, ids); diff != "" {
			t.Errorf("%s: -want +got:\n%s", meta, diff)
		}
	}
}

func TestNamespacesWithoutKnownLabelsAreNamed(t *testing.T) {
	pod := func(namespace, annotations string) string {
		return "---\n{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: " + namespace + ", annotations: {" + annotations + "}}, spec: {containers: [{name: a}]}}\n"
	}
	text := pod("shop", "") + pod("shop", "") + pod("pay", "probe-injector.dev/inject: \"true\"") + pod("known", "") + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: known}}\n"
	result, err := check.All(chart(t), read(t, text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shop"}, result.Unknown); diff != "" {
		t.Error(diff)
	}
}
