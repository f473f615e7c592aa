package explanation_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// installed is when the webhook came; Pods are made a minute before or after.
var installed = time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)

const askingKeys = `annotations: {probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: /readyz}`

// deployment is one with these members of its metadata and of its template's.
func deployment(metadata, template string) string {
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, uid: u` + metadata + `}, spec: {selector: {matchLabels: {app: web}},
  template: {metadata: {labels: {app: web}` + template + `}, spec: {containers: [{name: app, image: x, ports: [{containerPort: 8080}]}]}}}}`
}

// podNow is a Pod with these annotations, made so long after the webhook.
func podNow(name string, after time.Duration, annotations map[string]string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: annotations, CreationTimestamp: metav1.NewTime(installed.Add(after))},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "x", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}},
	}
}

// answeredPod is the Pod of a dry run with a status, and no probe.
func answeredPod(status string) *corev1.Pod {
	pod := podNow("", 0, map[string]string{"probe-injector.dev/status": status})
	return &pod
}

// injectedPod is the Pod of a dry run as the webhook makes it by the chart's policy.
func injectedPod(annotations map[string]string) *corev1.Pod {
	pod := podNow("", 0, annotations)
	seen := &workload.Pod{}
	text, err := json.Marshal(&pod)
	if err == nil {
		err = json.Unmarshal(text, seen)
	}
	if err != nil {
		panic(err)
	}
	d := policy.Default("v0.1.0").Decide(policy.Subject{Pod: seen})
	return patch.ApplyToPod(&pod, &d)
}

type liveCase struct {
	object string
	around explanation.Surroundings
	dryRun *explanation.DryRun
}

func liveCases() map[string]liveCase {
	asks := map[string]string{"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz"}
	const status = "app: startup+liveness http:8080/livez, readiness http:8080/readyz; up to 334s to start, restart after 50-65s (v0.1.0)"
	answered := map[string]string{"probe-injector.dev/status": status}
	around := func(pods ...corev1.Pod) explanation.Surroundings {
		return explanation.Surroundings{Pods: pods, LabelsKnown: true, Webhook: explanation.Webhook{Known: true, Since: installed, Selects: true}}
	}
	unknown := around(podNow("web-1", time.Minute, asks))
	unknown.LabelsKnown, unknown.Webhook = false, explanation.Webhook{}
	missing := around(podNow("web-1", time.Minute, asks))
	missing.Webhook = explanation.Webhook{Known: true}
	closed := around(podNow("web-1", time.Minute, asks))
	closed.NamespaceLabels = map[string]string{"probe-injector.dev/inject": "false"}
	unselected := around(podNow("web-1", time.Minute, asks))
	unselected.Webhook.Selects = false
	later := podNow("web-1", time.Minute, asks)
	at := metav1.NewTime(installed.Add(time.Hour))
	later.ManagedFields = []metav1.ManagedFieldsEntry{{Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:probe-injector.dev/liveness":{}}}}`)}}
	same := &explanation.DryRun{Pod: injectedPod(asks)}
	return map[string]liveCase{
		"all-have-it":               {deployment("", ", "+askingKeys), around(podNow("web-1", time.Minute, answered), podNow("web-2", time.Minute, answered)), same},
		"before-annotation":         {deployment("", ", "+askingKeys), around(podNow("web-1", time.Minute, answered), podNow("web-2", time.Minute, answered), podNow("web-5f7d9c-9jmfq", time.Minute, nil)), same},
		"before-annotation-by-hand": {deployment("", ", "+askingKeys), around(later), same},
		"before-webhook":            {deployment("", ", "+askingKeys), around(podNow("web-1", -time.Minute, asks)), same},
		"missed":                    {deployment("", ", "+askingKeys), around(podNow("web-1", time.Minute, asks)), same},
		"misplaced":                 {deployment(", "+askingKeys, ""), around(podNow("web-1", time.Minute, nil)), &explanation.DryRun{Pod: answeredPod("")}},
		"not-selected":              {deployment("", ", "+askingKeys), closed, &explanation.DryRun{Pod: answeredPod("")}},
		"not-selected-by-an-entry":  {deployment("", ", "+askingKeys), unselected, &explanation.DryRun{Pod: answeredPod("")}},
		"not-selected-by-a-rule":    {deployment("", ""), around(podNow("web-1", time.Minute, nil)), nil},
		"not-installed":             {deployment("", ", "+askingKeys), missing, &explanation.DryRun{Pod: answeredPod("")}},
		"nobody-answers":            {deployment("", ", "+askingKeys), around(podNow("web-1", time.Minute, asks)), &explanation.DryRun{Pod: answeredPod("")}},
		"opted-out": {
			deployment("", `, annotations: {probe-injector.dev/inject: "false"}`), around(podNow("web-1", time.Minute, map[string]string{"probe-injector.dev/inject": "false"})),
			&explanation.DryRun{Pod: answeredPod("")},
		},
		"little-may-be-read":   {deployment("", ", "+askingKeys), unknown, nil},
		"refused":              {deployment("", ", "+askingKeys), around(), &explanation.DryRun{Refused: `pods "web-" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0`}},
		"audit":                {deployment("", ", "+askingKeys), around(), &explanation.DryRun{Pod: answeredPod(""), Warnings: []string{"audit: would add app: readiness http:8080/readyz"}}},
		"another-policy":       {deployment("", ", "+askingKeys), around(podNow("web-1", time.Minute, answered)), &explanation.DryRun{Pod: answeredPod("app: readiness http:8080/readyz; no liveness: not_offered (v0.1.0)"), Warnings: []string{"app: no liveness: as the policy says"}}},
		"many-names-are-cut":   {deployment("", ", "+askingKeys), around(podNow("web-1", -time.Minute, asks), podNow("web-2", -time.Minute, asks), podNow("web-3", -time.Minute, asks), podNow("web-4", -time.Minute, asks)), same},
		"a-pod-is-no-template": {`{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop, ` + askingKeys + `}, spec: {containers: [{name: app, image: x, ports: [{containerPort: 8080}]}]}}`, around(podNow("web-1", -time.Minute, asks)), nil},
	}
}

// Each case is a golden file; UPDATE_GOLDEN=1 writes them anew.
func TestWhatIsSaidOfAClustersWorkload(t *testing.T) {
	file, err := policyfile.Default("v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range liveCases() {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(c.object), &object.Object); err != nil {
				t.Fatal(err)
			}
			workloads, err := manifest.ReadObject(object, "deployment/web")
			if err != nil {
				t.Fatal(err)
			}
			report, err := explanation.ExplainLive(file, "the chart's own", &workloads[0], &c.around, c.dryRun)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			if err := report.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			// What follows the head is that of files.
			head, _, _ := strings.Cut(text.String(), "\n\n")
			head += "\n\n-o line: " + report.Workloads[0].Line().String() + "\n"
			for line := range strings.Lines(head) {
				if utf8.RuneCountInString(line) > 81 && strings.Contains(line[12:70], " ") && !strings.HasPrefix(line, "-o line") {
					t.Errorf("%d columns: %s", utf8.RuneCountInString(line)-1, line)
				}
			}
			golden := filepath.Join("testdata", "live", name+".txt")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(head), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), head); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
