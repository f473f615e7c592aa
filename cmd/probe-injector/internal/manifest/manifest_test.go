package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func read(t *testing.T, text string) (*Input, error) {
	t.Helper()
	return Read(Files{Names: []string{Stdin}, Stdin: strings.NewReader(text), Namespace: "default"})
}

const template = `{metadata: {labels: {app: x}, annotations: {probe-injector.dev/inject: "true"}}, spec: {containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 0.5}}, readinessProbe: {httpGet: {port: 80}}}]}}`

func TestEachKindMakesItsPods(t *testing.T) {
	cases := map[string]struct {
		object string
		owner  string
		path   string
	}{
		"Pod":                   {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {app: x}, annotations: {probe-injector.dev/inject: \"true\"}}\nspec: {containers: [{name: web, resources: {limits: {cpu: 0.5}}, ports: [{containerPort: 80}], readinessProbe: {httpGet: {port: 80}}}]}\n", "", "<nil>"},
		"Deployment":            {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "apps/v1 ReplicaSet", "spec.template"},
		"ReplicaSet":            {"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "apps/v1 ReplicaSet", "spec.template"},
		"StatefulSet":           {"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "apps/v1 StatefulSet", "spec.template"},
		"DaemonSet":             {"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "apps/v1 DaemonSet", "spec.template"},
		"ReplicationController": {"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "v1 ReplicationController", "spec.template"},
		"Job":                   {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "batch/v1 Job", "spec.template"},
		"CronJob":               {"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {jobTemplate: {spec: {template: " + template + "}}}\n", "batch/v1 Job", "spec.jobTemplate.spec.template"},
		"Argo's Rollout":        {"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "apps/v1 ReplicaSet", "spec.template"},
		"PodTemplate":           {"apiVersion: v1\nkind: PodTemplate\nmetadata: {name: x}\ntemplate: " + template + "\n", "", "template"},
		"a kind of an operator": {"apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nmetadata: {name: x}\nspec: {template: " + template + "}\n", "apps.kruise.io/v1alpha1 CloneSet", "spec.template"},
		"a template in a list":  {"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: x}\nspec: {tasks: [{name: a, template: " + template + "}]}\n", "batch.volcano.sh/v1alpha1 Job", "spec.tasks[0].template"},
		"a template of a name":  {"apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata: {name: x}\nspec: {leaderWorkerTemplate: {workerTemplate: " + template + "}}\n", "leaderworkerset.x-k8s.io/v1 LeaderWorkerSet", "spec.leaderWorkerTemplate.workerTemplate"},
		"in a List in a List":   {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: apps/v1\n    kind: DaemonSet\n    metadata: {name: x}\n    spec: {template: " + template + "}\n", "apps/v1 DaemonSet", "spec.template"},
		"in a list of its kind": {"apiVersion: apps/v1\nkind: DaemonSetList\nitems:\n- metadata: {name: x}\n  spec: {template: " + template + "}\n", "apps/v1 DaemonSet", "spec.template"},
		"JSON":                  {"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"y\"}}\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\",\"labels\":{\"app\":\"x\"},\"annotations\":{\"probe-injector.dev/inject\":\"true\"}},\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"limits\":{\"cpu\":0.5}},\"ports\":[{\"containerPort\":80}],\"readinessProbe\":{\"httpGet\":{\"port\":80}}}]}}", "", "<nil>"},
		"in a List":             {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: DaemonSet\n  metadata: {name: x}\n  spec: {template: " + template + "}\n", "apps/v1 DaemonSet", "spec.template"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := read(t, c.object)
			if err != nil || len(in.Workloads) != 1 {
				t.Fatalf("got %d workloads, error %v", len(in.Workloads), err)
			}
			w := in.Workloads[0]
			owner := ""
			for _, o := range w.Pod.Metadata.OwnerReferences {
				if *o.Controller {
					owner = o.APIVersion + " " + o.Kind
				}
			}
			if owner != c.owner {
				t.Errorf("owner is %q, want %q", owner, c.owner)
			}
			if got := w.Template.Path().String(); got != c.path {
				t.Errorf("template at %s, want %s", got, c.path)
			}
			if w.Namespace != "default" || w.Pod.Metadata.Labels["app"] != "x" || len(w.Pod.Metadata.Annotations) != 1 {
				t.Errorf("namespace %q, labels %v, annotations %v", w.Namespace, w.Pod.Metadata.Labels, w.Pod.Metadata.Annotations)
			}
			checkDefaults(t, &w)
		})
	}
}

func checkDefaults(t *testing.T, w *Workload) {
	t.Helper()
	if w.Pod.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		t.Errorf("restartPolicy is %q", w.Pod.Spec.RestartPolicy)
	}
	web := w.Pod.Spec.Containers[0]
	if got := web.Resources.Limits.CPU; got != "500m" {
		t.Errorf("cpu limit is %q, want it as the API server writes it", got)
	}
	if got := web.Ports[0].Protocol; got != corev1.ProtocolTCP {
		t.Errorf("protocol is %q", got)
	}
	p := web.ReadinessProbe
	if p.PeriodSeconds != 10 || p.TimeoutSeconds != 1 || p.SuccessThreshold != 1 || p.FailureThreshold != 3 || p.HTTPGet.Path != "/" || p.HTTPGet.Scheme != "HTTP" {
		t.Errorf("the probe lacks defaults: %+v", p)
	}
}

func TestMisplacedAnnotationsAreFound(t *testing.T) {
	const ours = `annotations: {probe-injector.dev/liveness: /livez, web.probe-injector.dev/inject: "true", probe-injector.dev/status: x, other.example/x: z}`
	cases := map[string]struct {
		object string
		want   []string
	}{
		"on a Deployment": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, " + ours + "}\nspec: {template: " + template + "}\n",
			[]string{"metadata.annotations[probe-injector.dev/liveness]", "metadata.annotations[web.probe-injector.dev/inject]"},
		},
		"on the Job of a CronJob": {
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {jobTemplate: {metadata: {" + ours + "}, spec: {template: " + template + "}}}\n",
			[]string{"spec.jobTemplate.metadata.annotations[probe-injector.dev/liveness]", "spec.jobTemplate.metadata.annotations[web.probe-injector.dev/inject]"},
		},
		"as labels of the Pod": {
			"apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {probe-injector.dev/inject: \"true\", probe-injector.dev/injected: \"true\"}}\nspec: {containers: [{name: web}]}\n",
			[]string{"metadata.labels[probe-injector.dev/inject]"},
		},
		"as labels of a Deployment and its Pods, not in its selector": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, labels: {probe-injector.dev/inject: \"true\"}}\nspec: {selector: {matchLabels: {probe-injector.dev/liveness: x}}, template: {metadata: {labels: {probe-injector.dev/liveness: x}}, spec: {containers: [{name: web}]}}}\n",
			[]string{"metadata.labels[probe-injector.dev/inject]", "spec.template.metadata.labels[probe-injector.dev/liveness]"},
		},
		"at spec and at the template itself": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {annotations: {probe-injector.dev/inject: \"true\"}, template: {annotations: {probe-injector.dev/inject: \"true\"}, spec: {annotations: {probe-injector.dev/inject: \"true\"}, containers: [{name: web}]}}}\n",
			[]string{"spec.annotations[probe-injector.dev/inject]", "spec.template.annotations[probe-injector.dev/inject]", "spec.template.spec.annotations[probe-injector.dev/inject]"},
		},
		"on misspelt annotations": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {metadata: {annotation: {probe-injector.dev/inject: \"true\"}, Annotations: {probe-injector.dev/inject: \"true\"}}, spec: {containers: [{name: web}]}}}\n",
			[]string{"spec.template.metadata.Annotations[probe-injector.dev/inject]", "spec.template.metadata.annotation[probe-injector.dev/inject]"},
		},
		"on a container and on the metadata itself": {
			"apiVersion: v1\nkind: Pod\nmetadata: {name: x, probe-injector.dev/inject: \"true\"}\nspec: {containers: [{name: web, probe-injector.dev/inject: \"true\"}]}\n",
			[]string{"metadata[probe-injector.dev/inject]", "spec.containers[0][probe-injector.dev/inject]"},
		},
		"managed fields of the API server are none": {
			"apiVersion: v1\nkind: Pod\nmetadata: {name: x, managedFields: [{fieldsV1: {\"f:metadata\": {\"f:annotations\": {\"f:web.probe-injector.dev/inject\": {}}}}}]}\nspec: {containers: [{name: web}]}\n", nil,
		},
		"on a Pod they are in their place": {
			"apiVersion: v1\nkind: Pod\nmetadata: {name: x, " + ours + "}\nspec: {containers: [{name: web}]}\n", nil,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := read(t, c.object)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, place := range in.Workloads[0].Misplaced {
				got = append(got, place.Path().String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("misplaced (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOtherObjects(t *testing.T) {
	in, err := read(t, `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec: {workloadRef: {kind: Deployment, name: web}}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec: {rules: [{validate: {pattern: {spec: {containers: [{name: "*"}]}}}}]}
---
# nothing
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Input{
		Namespaces: map[string]map[string]string{"shop": {"kubernetes.io/metadata.name": "shop", "team": "a"}},
	}
	in.Sources = nil
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
}

func TestWhatCanBeReadIsReadBesideMistakes(t *testing.T) {
	in, err := read(t, `apiVersion: apps/v1
kind: Deployment
metadata: {name: broken}
spec: {template: {spec: {containers: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: unquoted}
spec: {template: {metadata: {annotations: {probe-injector.dev/inject: true}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: empty}
spec: {}
---
apiVersion: batch/v1
kind: Job
metadata: {name: good, namespace: shop}
spec: {template: `+template+`}
`)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Deployment broken: spec.template.spec.containers: is a text, must be a list", `spec.template.metadata.annotations[probe-injector.dev/inject]: is a boolean, must be a text: write probe-injector.dev/inject: "true", with the quotes`, "Deployment empty: spec.template: a Pod template is required"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if len(in.Workloads) != 1 || in.Workloads[0].Namespace != "shop" || in.Workloads[0].Refused == "" {
		t.Errorf("workloads: %+v", in.Workloads)
	}
}

func TestMistakesAreToldWhereTheyStand(t *testing.T) {
	pod := func(container string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a}, {name: web, " + container + "}]}\n"
	}
	for name, row := range map[string]struct {
		text string
		says []string
	}{
		"a port in quotes":             {pod(`ports: [{containerPort: "8080"}]`), []string{`standard input:4:53: Pod x: spec.containers[1].ports[0].containerPort: is a text, must be a number: write containerPort: 8080, without quotes`}},
		"a variable without quotes":    {pod(`env: [{name: PORT, value: 8080}]`), []string{`spec.containers[1].env[0].value: is a number, must be a text: write value: "8080", with the quotes`}},
		"a switch in quotes":           {pod(`stdin: "true"`), []string{`spec.containers[1].stdin: is a text, must be true or false: write stdin: true, without quotes`}},
		"an argument without quotes":   {pod(`args: [--port, 80]`), []string{`spec.containers[1].args[1]: is a number, must be a text: write - "80", with the quotes`}},
		"arguments as one text":        {pod(`args: --port 80`), []string{`spec.containers[1].args: is a text, must be a list`}},
		"a probe's number in quotes":   {pod(`livenessProbe: {periodSeconds: "5"}`), []string{`spec.containers[1].livenessProbe.periodSeconds: is a text, must be a number: write periodSeconds: 5, without quotes`}},
		"all of several":               {pod(`args: x, ports: [{containerPort: "1"}, {containerPort: "2"}]`), []string{"args: is a text", "ports[0].containerPort", "ports[1].containerPort"}},
		"an amount that is none":       {pod(`resources: {limits: {cpu: much}}`), []string{"Pod x: "}},
		"a template of Helm":           {"kind: Pod\n---\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}-x\n", []string{`standard input:5: "{{": this is a template and no manifest: render it first`}},
		"a template's block":           {"kind: Pod\n{{- if .Values.x }}\nmetadata: {}\n{{- end }}\n", []string{`input:2: "{{"`}},
		"a template in quotes":         {"apiVersion: v1\nkind: Pod\nmetadata: {name: \"{{ .Release.Name }}\"}\nspec: {containers: []}\n", []string{`metadata.name is "{{ .Release.Name }}": this is a template`}},
		"a template that YAML accepts": {"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ name }}\n", []string{`input:4: "{{"`}},
		"no YAML, in a later document": {"a: 1\nkind: b\n---\nkind: c\nx: y: z\n", []string{"standard input:5: this is no YAML: mapping values"}},
		"an annotation twice": {
			"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    probe-injector.dev/liveness: /a\n    probe-injector.dev/liveness: /b\nspec: {containers: []}\n",
			[]string{"standard input:7:5: metadata.annotations[probe-injector.dev/liveness] stands here and on line 6: only the last counts, remove one"},
		},
		"a member twice, in a later document": {"kind: x\n---\nkind: y\nspec: {a: 1, a: 2}\n", []string{"input:4:14: spec.a stands here and on line 4"}},
		"no object":                           {"replicaCount: 1\n", []string{"input:1:1: no object of Kubernetes"}},
		"a list without a kind":               {"- kind: Pod\n", []string{"no object of Kubernetes"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, row.text)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range row.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestAPodWithoutANameHasTheBeginningOfOne(t *testing.T) {
	in, err := read(t, "apiVersion: v1\nkind: Pod\nmetadata: {generateName: web-}\nspec: {containers: []}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {generateName: once-}\nspec: {template: "+template+"}\n")
	if err != nil {
		t.Fatal(err)
	}
	if pod, job := in.Workloads[0].Name, in.Workloads[1].Name; pod != "web-*" || job != "once-*" {
		t.Errorf("named %s and %s", pod, job)
	}
}

func TestEachTemplateOfAnObjectIsAWorkload(t *testing.T) {
	in, err := read(t, "apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {name: x}\nspec: {tfReplicaSpecs: {Worker: {template: "+template+"}, PS: {template: "+template+"}}}\n")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range in.Workloads {
		names = append(names, w.Name)
	}
	if diff := cmp.Diff([]string{"x (spec.tfReplicaSpecs.PS.template)", "x (spec.tfReplicaSpecs.Worker.template)"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestAServiceOfKnativeMakesPodsOfKnative(t *testing.T) {
	in, err := read(t, "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}\nspec: {template: "+template+"}\n")
	if err != nil || len(in.Workloads) != 1 || !in.Workloads[0].Pod.IsKnative() {
		t.Errorf("workloads %+v, error %v", in.Workloads, err)
	}
}
