package preflight

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// generated is how many Deployments are drawn beside those of examples/. The engine's own test draws 30,000
// (policy.TestThePlanIsTheStatusThatThePodsGet); here it is about what the API server adds.
const generated = 300

// listener hears the warnings of a client.
type listener struct {
	mutex sync.Mutex
	heard []string
}

func (l *listener) HandleWarningHeader(_ int, _ string, text string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.heard = append(l.heard, text)
}

func (l *listener) take() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	heard := l.heard
	l.heard = nil
	return heard
}

// person is a client as whom a person with kubectl appears.
func (c *cluster) person(t *testing.T) (kubernetes.Interface, *listener) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.KubeconfigPath())
	if err != nil {
		t.Fatal(err)
	}
	heard := &listener{}
	config.WarningHandler = heard
	config.QPS, config.Burst = -1, 0
	client, err := kubernetes.NewForConfig(rest.AddUserAgent(config, "kubectl"))
	if err != nil {
		t.Fatal(err)
	}
	return client, heard
}

// planned is a workload that is tried and then created.
type planned struct {
	kind, name string
	template   corev1.PodTemplateSpec
	// plan is what was said.
	plan string
}

// TestPlan tries each workload as a person does, applies it, and compares the plan with the status of the Pod that its
// controller then creates. What is wrong stands in the status, too, and has lines of its own here.
func TestPlan(t *testing.T) {
	c := newCluster(t)
	c.install(t, "")
	client, heard := c.person(t)
	if err := c.AddNode(t.Context(), "node"); err != nil {
		t.Fatal(err)
	}
	workloads := append(examples(t), drawn(generated)...)
	for i := range workloads {
		w := &workloads[i]
		w.name = fmt.Sprintf("plan-%d", i)
		if w.template.Labels == nil {
			w.template.Labels = map[string]string{}
		}
		w.template.Labels["plan"] = w.name
		heard.take()
		if err := w.create(t.Context(), client, metav1.CreateOptions{FieldManager: "kubectl-create", DryRun: []string{metav1.DryRunAll}}); err != nil {
			t.Fatal(err)
		}
		w.plan = planOf(heard.take(), strings.ToLower(w.kind)+"/"+w.name)
		if err := w.create(t.Context(), client, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	said := map[string]int{}
	for i := range workloads {
		w := &workloads[i]
		c.getsWhatWasPlanned(t, w)
		if w.plan != "" {
			said[w.kind]++
		}
	}
	for kind, least := range map[string]int{"Deployment": generated / 2, "StatefulSet": fewest, "DaemonSet": fewest, "Job": fewest} {
		if said[kind] < least {
			t.Errorf("only %d of kind %s have a plan: the property is hardly tested", said[kind], kind)
		}
	}
}

// fewest is how many workloads of the other kinds have to have a plan.
const fewest = 20

// getsWhatWasPlanned compares the plan with the Pod.
func (c *cluster) getsWhatWasPlanned(t *testing.T, w *planned) {
	t.Helper()
	pod, err := c.WaitForPod(t.Context(), shop, "plan="+w.name)
	if err != nil {
		t.Fatal(err)
	}
	status := statusline.WithoutMistake(statusline.WithoutVersion(pod.Annotations["probe-injector.dev/status"]))
	// There are at most five lines, and what there are none for ends in "...".
	said, cut := strings.CutSuffix(w.plan, " | ...")
	if said != status && (!cut || !strings.HasPrefix(status, said+" | ")) {
		t.Errorf("%s: planned %q, and the Pod has %q: %v", w.kind, w.plan, status, w.template.Annotations)
	}
}

// create creates it as an object of its kind.
func (w *planned) create(ctx context.Context, client kubernetes.Interface, options metav1.CreateOptions) (err error) {
	meta, selector := metav1.ObjectMeta{Name: w.name}, &metav1.LabelSelector{MatchLabels: map[string]string{"plan": w.name}}
	switch w.kind {
	case "Deployment":
		spec := appsv1.DeploymentSpec{Selector: selector, Template: w.template}
		_, err = client.AppsV1().Deployments(shop).Create(ctx, &appsv1.Deployment{ObjectMeta: meta, Spec: spec}, options)
	case "StatefulSet":
		spec := appsv1.StatefulSetSpec{Selector: selector, Template: w.template, ServiceName: "plan"}
		_, err = client.AppsV1().StatefulSets(shop).Create(ctx, &appsv1.StatefulSet{ObjectMeta: meta, Spec: spec}, options)
	case "DaemonSet":
		spec := appsv1.DaemonSetSpec{Selector: selector, Template: w.template}
		_, err = client.AppsV1().DaemonSets(shop).Create(ctx, &appsv1.DaemonSet{ObjectMeta: meta, Spec: spec}, options)
	case "Job":
		template := *w.template.DeepCopy()
		template.Spec.RestartPolicy = corev1.RestartPolicyNever
		_, err = client.BatchV1().Jobs(shop).Create(ctx, &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: template}}, options)
	default:
		err = fmt.Errorf("no kind of workload: %s", w.kind)
	}
	return err
}

// planOf joins the lines of a plan.
func planOf(lines []string, workload string) string {
	var parts []string
	for _, line := range lines {
		if part, ok := strings.CutPrefix(line, workload+": will get "); ok {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " | ")
}

// examples are the workloads that readers are meant to copy, or to look at.
func examples(t *testing.T) []planned {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "examples", "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []planned
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			var object struct {
				metav1.TypeMeta `json:",inline"`

				Spec struct {
					Template *corev1.PodTemplateSpec `json:"template"`
				} `json:"spec"`
			}
			if yaml.Unmarshal([]byte(document), &object) == nil && slices.Contains([]string{"Deployment", "StatefulSet"}, object.Kind) && object.Spec.Template != nil {
				all = append(all, planned{kind: object.Kind, template: *object.Spec.Template})
			}
		}
	}
	const least = 12
	if len(all) < least {
		t.Fatalf("only %d workloads were found in examples/", len(all))
	}
	return all
}

// drawn are workloads of everything that a plan depends on, mistakes included: so many Deployments, and a few of each other kind.
func drawn(n int) []planned {
	r := rand.New(rand.NewPCG(12, 2026))
	var all []planned
	for range n {
		all = append(all, planned{kind: "Deployment", template: drawTemplate(r)})
	}
	for range 2 * fewest {
		for _, kind := range []string{"StatefulSet", "DaemonSet", "Job"} {
			all = append(all, planned{kind: kind, template: drawTemplate(r)})
		}
	}
	return all
}

func drawTemplate(r *rand.Rand) corev1.PodTemplateSpec {
	of := func(values ...string) string { return values[r.IntN(len(values))] }
	var keys, containers []string
	for _, key := range []string{"inject", "liveness", "readiness", "startup", "profile", "startup-budget", "restart-after", "host-header", "liveness.failureThreshold"} {
		if r.IntN(3) > 0 {
			continue
		}
		value := map[string]string{
			"inject": of("true", "true", "off"), "liveness": of("/livez", "http:web/livez", "tcp:5432", "true", "8080"), "readiness": of("/readyz", "grpc:9000", "true", "false"),
			"startup": of("/started", "false"), "profile": of("nginx", "spring-boot", "postgresql", "nobody"), "startup-budget": of("5m", "2 min", "10s"),
			"restart-after": of("50s", "1s"), "host-header": of("shop.example.com", "a b"), "liveness.failureThreshold": of("3", "300"),
		}[key]
		keys = append(keys, `"`+of("", "", "", "app.", "nobody.")+`probe-injector.dev/`+key+`": "`+value+`"`)
	}
	slices.Sort(keys)
	for _, name := range []string{"app", "sidecar", "istio-proxy"}[:1+r.IntN(3)] {
		port := of("", `ports: [{containerPort: 8080}], `, `ports: [{name: web, containerPort: 8080}, {name: metrics, containerPort: 9090}], `, `ports: [{containerPort: 5432}], `)
		containers = append(containers, `{name: `+name+`, `+port+`image: "`+of("a:1", "nginx:1.29", "postgres:18", "registry.example/java:21")+`", resources: {limits: {cpu: "`+of("100m", "2")+`"}}}`)
	}
	var template corev1.PodTemplateSpec
	text := `{metadata: {annotations: {` + strings.Join(slices.Compact(keys), ", ") + `}}, spec: {containers: [` + strings.Join(containers, ", ") + `]}}`
	if err := yaml.UnmarshalStrict([]byte(text), &template); err != nil {
		panic(err)
	}
	return template
}

// rollouts is a kind of its own that Kubernetes knows nothing about.
const rollouts = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.argoproj.io}
spec:
  group: argoproj.io
  names: {kind: Rollout, listKind: RolloutList, plural: rollouts, singular: rollout}
  scope: Namespaced
  versions:
  - {name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`

func TestKindsOfOthers(t *testing.T) {
	c := newCluster(t)
	if got := c.run(t, c.kubectl, rollouts, "apply", "-f", "-"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	c.install(t, `{preflight: {extraResources: [{apiGroups: [argoproj.io], apiVersions: [v1alpha1], resources: [rollouts]}]}}`)
	rollout := func(template string) string {
		return strings.NewReplacer("apps/v1", "argoproj.io/v1alpha1", "kind: Deployment", "kind: Rollout").Replace(deployment("blue", "", template, "a:1"))
	}
	for what, row := range map[string]struct {
		stdin string
		args  []string
		want  string
		calls int
	}{
		"a mistake": {
			rollout(and(rightKeys, wrongValue)), []string{"apply"},
			`Warning: rollout/blue: probe-injector.dev/startup-budget: "2 min": write a duration such as "90s", "5m" or "1h30m"`, 1,
		},
		"the plan": {
			rollout(rightKeys), []string{"apply", "--dry-run=server"},
			"Warning: rollout/blue: will get app: startup+liveness http:8080/healthz, readiness http:8080/readyz; ", 1,
		},
		"one that takes the template of a Deployment": {
			`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: green, annotations: {` + misplaced + `}}, spec: {workloadRef: {kind: Deployment, name: web}}}`, []string{"apply"}, "", 0,
		},
		"one without a spec": {
			`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: grey, annotations: {` + misplaced + `}}}`, []string{"apply"}, "", 0,
		},
		"one whose template is a text": {
			`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: odd, annotations: {` + misplaced + `}}, spec: {template: "x"}}`, []string{"apply"}, "", 1,
		},
	} {
		t.Run(what, func(t *testing.T) {
			c.eventually(t, "the API server serves the kind", func(context.Context) error {
				if got := c.run(t, c.kubectl, "", "get", "rollouts", "-n", shop); got.code != 0 {
					return errors.New(got.stderr)
				}
				return nil
			})
			before := c.calls(t, "preflight")
			got := c.run(t, c.kubectl, row.stdin, append(row.args, "-n", shop, "-f", "-")...)
			if got.code != 0 || !strings.HasPrefix(got.stderr, row.want) || (row.want == "" && got.stderr != "") {
				t.Errorf("it ends with %d: %s", got.code, got.stderr)
			}
			if calls := c.calls(t, "preflight") - before; calls != row.calls {
				t.Errorf("%d calls, not %d", calls, row.calls)
			}
		})
	}
}
