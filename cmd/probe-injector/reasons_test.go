package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/webhook"
)

// scenario is one row of testdata/reasons.yaml.
type scenario struct {
	// Kind of the object that makes the Pod; Deployment where it is empty.
	Kind string `json:"kind"`
	// Annotations are ours, by their words, or CONTAINER/WORD; Others are those of others.
	Annotations map[string]string `json:"annotations"`
	Others      map[string]string `json:"others"`
	Labels      map[string]string `json:"labels"`
	// Containers are those of the Pod; one with a port where there are none. Spec is what else is in its spec.
	Containers     []map[string]any `json:"containers"`
	InitContainers []map[string]any `json:"initContainers"`
	Spec           map[string]any   `json:"spec"`
	// Ports and Bytes make the Pod as large as this.
	Ports int `json:"ports"`
	Bytes int `json:"bytes"`
	// Namespace is labelled or plain, which it is where it is empty.
	Namespace string `json:"namespace"`
	// Policy is the spec of the policy; the chart's where it is empty.
	Policy map[string]any `json:"policy"`
	// Route is the group to which the API server sends the Pod, where it is not that of the policy.
	Route string `json:"route"`
	// OnlyByHand reports that no entry sends such a Pod anywhere.
	OnlyByHand bool `json:"onlyByHand"`
}

// object is the manifest of the row: the Namespace, and what makes the Pod.
func (s *scenario) object() map[string]any {
	all := map[string]string{}
	maps.Copy(all, s.Others)
	for key, value := range s.Annotations {
		container, word, named := strings.Cut(key, "/")
		if !named {
			container, word = "", key
		}
		all[annotation.Key(container, word)] = value
	}
	containers := s.Containers
	if containers == nil {
		containers = []map[string]any{{"name": "web", "ports": []any{map[string]any{"containerPort": 8080}}}}
	}
	for i := range s.Ports {
		ports, _ := containers[0]["ports"].([]any)
		containers[0]["ports"] = append(ports, map[string]any{"containerPort": 1 + i})
	}
	for _, c := range append(append([]map[string]any{}, containers...), s.InitContainers...) {
		if c["image"] == nil {
			c["image"] = "example.com/app:1"
		}
	}
	spec := map[string]any{"containers": containers, "initContainers": s.InitContainers}
	maps.Copy(spec, s.Spec)
	metadata := map[string]any{"annotations": all, "labels": s.Labels}
	if s.Bytes > 0 {
		containers[0]["env"] = []any{map[string]any{"name": "LARGE", "value": strings.Repeat("x", s.Bytes)}}
	}
	object := map[string]any{"kind": s.Kind, "metadata": map[string]any{"name": "web", "namespace": s.namespace()}}
	switch s.Kind {
	case "Pod":
		object["apiVersion"] = "v1"
		metadata["name"], metadata["namespace"] = "web", s.namespace()
		object["metadata"], object["spec"] = metadata, spec
		return object
	case "Job":
		object["apiVersion"] = "batch/v1"
		spec["restartPolicy"] = "Never"
	case "Database":
		object["apiVersion"] = "example.com/v1"
	default:
		object["apiVersion"] = "apps/v1"
		if s.Kind == "" {
			object["kind"] = "Deployment"
		}
	}
	object["spec"] = map[string]any{"template": map[string]any{"metadata": metadata, "spec": spec}}
	return object
}

func (s *scenario) namespace() string {
	if s.Namespace == "" {
		return "plain"
	}
	return s.Namespace
}

// shown runs a scenario through the handler, explain and lint, and says where the word of a reason shows, and what people see.
func (s *scenario) shown(t *testing.T, why reason.Reason) (places reason.Places, said string) {
	t.Helper()
	list := map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{
		map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "plain"}},
		map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "labelled", "labels": map[string]any{"probe-injector.dev/inject": "true"}}},
		s.object(),
	}}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	args, file := []string{"-f", "-"}, policyOf(t, s)
	if s.Policy != nil {
		args = append(args, "--policy", file.name)
	}
	word := regexp.MustCompile(`\b` + string(why) + `\b`)
	for verb, show := range map[string]*bool{"explain": &places.Explain, "lint": &places.Lint} {
		all := append([]string{"probe-injector", verb}, args...)
		if verb == "lint" {
			all = append(all, "--notes", "-o", "json")
		}
		var out, problems bytes.Buffer
		run(all, "v0.1.0", streams{bytes.NewReader(text), &out, &problems})
		*show = word.MatchString(out.String())
	}
	in, err := manifest.Read(manifest.Files{Names: []string{manifest.Stdin}, Stdin: bytes.NewReader(text)})
	if err != nil || len(in.Workloads) != 1 {
		t.Fatal(len(in.Workloads), err)
	}
	w := &in.Workloads[0]
	path := ""
	for _, route := range file.policy.Policy.Routes(w.Pod, w.Namespace, in.Namespaces[w.Namespace]) {
		path = webhook.PathAnnotated
		if route.Group != "" {
			path = webhook.PathRules + route.Group
		}
	}
	if s.Route != "" {
		path = webhook.PathRules + s.Route
	}
	if path != "" && !s.OnlyByHand {
		said = s.post(t, why, file.policy, w, path, &places)
	}
	var line, problems bytes.Buffer
	run(append([]string{"probe-injector", "explain", "-o", "line"}, args...), "v0.1.0", streams{bytes.NewReader(text), &line, &problems})
	return places, said + "explain: " + line.String()
}

// scenarioPolicy is the policy of a scenario, and the file that it is in.
type scenarioPolicy struct {
	name   string
	policy *policyfile.File
}

func policyOf(t *testing.T, s *scenario) scenarioPolicy {
	t.Helper()
	if s.Policy == nil {
		file, err := policyfile.Default("v0.1.0")
		if err != nil {
			t.Fatal(err)
		}
		return scenarioPolicy{"", file}
	}
	text, err := json.Marshal(map[string]any{"apiVersion": "probe-injector.dev/v1alpha1", "kind": "ProbePolicy", "spec": s.Policy})
	if err != nil {
		t.Fatal(err)
	}
	file, err := policyfile.Read(text, "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	return scenarioPolicy{fileWith(t, "policy.yaml", string(text)), file}
}

// pod is the Pod as its controller sends it to the API server.
func (s *scenario) pod(w *manifest.Workload) map[string]any {
	object := s.object()
	if len(w.Template) == 0 {
		return object
	}
	template, _ := object["spec"].(map[string]any)["template"].(map[string]any)
	metadata, _ := template["metadata"].(map[string]any)
	metadata["ownerReferences"] = w.Pod.Metadata.OwnerReferences
	return template
}

// post sends the Pod to the webhook's handler, and says what people see of the answer.
func (s *scenario) post(t *testing.T, why reason.Reason, file *policyfile.File, w *manifest.Workload, path string, places *reason.Places) string {
	t.Helper()
	var log bytes.Buffer
	registry := prometheus.NewRegistry()
	handler, err := webhook.New(webhook.Options{
		Policy: func() webhook.Decider { return file.Policy }, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Registerer: registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := json.Marshal(s.pod(w))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"version":"v1","kind":"Pod"},
		"resource":{"version":"v1","resource":"pods"},"namespace":%q,"operation":"CREATE","object":%s}}`, w.Namespace, pod)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer.Body.Bytes(), &review); err != nil || review.Response == nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	word := regexp.MustCompile(`\b` + string(why) + `\b`)
	places.Status = word.Match(review.Response.Patch)
	places.Audit = word.MatchString(review.Response.AuditAnnotations["reasons"])
	places.Log = word.MatchString(log.String())
	for _, warning := range review.Response.Warnings {
		places.Warning = places.Warning || saysSo(warning, why) || why == reason.InvalidAnnotation
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				places.Metric = places.Metric || label.GetName() == "reason" && label.GetValue() == string(why) && m.GetCounter().GetValue() > 0
			}
		}
	}
	return saidBy(t, review.Response, log.String())
}

// differs is what no two log lines have in common.
var differs = regexp.MustCompile(`"(time|duration|uid)":("[^"]*"|[0-9.e-]+),?`)

// saidBy is what people see of an answer: kubectl's warnings, the Pod's status in kubectl describe, the API server's audit log, and
// the log of the server. The server makes no events.
func saidBy(t *testing.T, response *admissionv1.AdmissionResponse, log string) string {
	t.Helper()
	var said strings.Builder
	for _, warning := range response.Warnings {
		fmt.Fprintln(&said, "Warning:", warning)
	}
	var operations []struct {
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	if len(response.Patch) > 0 {
		if err := json.Unmarshal(response.Patch, &operations); err != nil {
			t.Fatal(err)
		}
	}
	for _, operation := range operations {
		switch value := operation.Value.(type) {
		case string:
			fmt.Fprintf(&said, "%s: %s\n", operation.Path, value)
		case map[string]any:
			if status, found := value["probe-injector.dev/status"]; found {
				fmt.Fprintf(&said, "%s: %s\n", operation.Path, status)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(response.AuditAnnotations)) {
		fmt.Fprintf(&said, "audit %s: %s\n", key, response.AuditAnnotations[key])
	}
	for line := range strings.Lines(log) {
		fmt.Fprintf(&said, "log: %s", differs.ReplaceAllString(line, ""))
	}
	return said.String()
}

// saysSo reports whether a warning is the sentence of a reason: it has a part of the fact, or where that was cut, what to write.
func saysSo(warning string, why reason.Reason) bool {
	description, _ := reason.Describe(why)
	longest := ""
	for piece := range strings.SplitSeq(description.Fact, "%s") {
		if len(piece) > len(longest) {
			longest = piece
		}
	}
	remedy := description.RemedyFor("")
	return strings.Contains(warning, longest[:min(len(longest), 24)]) || (remedy != "" && strings.HasSuffix(warning, remedy))
}

// reasonsFolder has for each reason what people see of it. UPDATE_GOLDEN=1 go test ./cmd/probe-injector writes it anew.
const reasonsFolder = "testdata/reasons"

// The page about reasons says of each where it shows. Here each reason is made, and shows there and nowhere else.
func TestReasonsShowWhereThePageSays(t *testing.T) {
	text, err := os.ReadFile("testdata/reasons.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var scenarios map[reason.Reason]*scenario
	if err := yaml.UnmarshalStrict(text, &scenarios); err != nil {
		t.Fatal(err)
	}
	for _, d := range reason.Table() {
		t.Run(string(d.Reason), func(t *testing.T) {
			s := scenarios[d.Reason]
			if s == nil {
				t.Fatal("nothing makes it")
			}
			got, said := s.shown(t, d.Reason)
			if got != d.Shows() {
				t.Errorf("shows in %+v, the page says %+v", got, d.Shows())
			}
			expectGolden(t, filepath.Join(reasonsFolder, string(d.Reason)+".txt"), said)
		})
	}
	files, err := filepath.Glob(filepath.Join(reasonsFolder, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if scenarios[reason.Reason(strings.TrimSuffix(filepath.Base(file), ".txt"))] == nil {
			t.Errorf("%s is of no reason", file)
		}
	}
	if len(scenarios) != len(reason.Table()) {
		t.Errorf("%d scenarios for %d reasons", len(scenarios), len(reason.Table()))
	}
}
