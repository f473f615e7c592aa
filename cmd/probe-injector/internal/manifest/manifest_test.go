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
			if got := w.Template.String(); got != c.path {
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
			if diff := cmp.Diff(c.want, in.Workloads[0].Misplaced); diff != "" {
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
spec: {template: `+template+`}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Input{
		Namespaces: map[string]map[string]string{"shop": {"kubernetes.io/metadata.name": "shop", "team": "a"}},
		Unknown:    []string{"Rollout web (standard input)"},
	}
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
	for _, want := range []string{"Deployment broken: spec.template: not a Pod template", `write probe-injector.dev/inject: "true", with the quotes`, "Deployment empty: spec.template: a Pod template is required"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if len(in.Workloads) != 1 || in.Workloads[0].Namespace != "shop" || in.Workloads[0].Refused == "" {
		t.Errorf("workloads: %+v", in.Workloads)
	}
}
