package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/policy"
)

func TestOriginOfProbes(t *testing.T) {
	type origins struct{ Readiness, Liveness, Startup audit.Origin }
	for name, row := range map[string]struct {
		cluster func(*cluster)
		want    origins
	}{
		"no probes":     {func(c *cluster) { c.pod("web", web, nil) }, origins{audit.None, audit.None, audit.None}},
		"injected":      {func(c *cluster) { c.injected("web", web, asks()) }, origins{audit.Injected, audit.Injected, audit.Injected}},
		"its own":       {func(c *cluster) { c.pod("web", own, nil) }, origins{audit.None, audit.Written, audit.None}},
		"some injected": {func(c *cluster) { c.injected("web", own, asks()) }, origins{audit.Injected, audit.Written, audit.None}},
		"injected, and changed since": {func(c *cluster) {
			c.injected("web", web, asks()).Spec.Containers[0].LivenessProbe.HTTPGet.Path = "/other"
		}, origins{audit.Injected, audit.Written, audit.Injected}},
		"a status that somebody has copied": {func(c *cluster) {
			c.pod("web", web, map[string]string{"probe-injector.dev/status": "app: readiness http:8080/ (v1)"})
		}, origins{audit.None, audit.None, audit.None}},
		"one Pod of two is older": {func(c *cluster) { c.pod("web", web, nil); c.injected("web", web, asks()) }, origins{audit.Injected, audit.Injected, audit.Injected}},
		"only a known sidecar has some": {func(c *cluster) {
			c.pod("web", `{containers: [{name: app}, {name: istio-proxy, readinessProbe: {tcpSocket: {port: 1}}}]}`, nil)
		}, origins{audit.None, audit.None, audit.None}},
		"an unknown second container has one": {func(c *cluster) {
			c.pod("web", `{containers: [{name: app}, {name: other, readinessProbe: {tcpSocket: {port: 1}}}]}`, nil)
		}, origins{audit.Written, audit.None, audit.None}},
		"a native sidecar has one": {func(c *cluster) {
			c.pod("web", `{containers: [{name: app}], initContainers: [{name: other, restartPolicy: Always, startupProbe: {tcpSocket: {port: 1}}}]}`, nil)
		}, origins{audit.None, audit.None, audit.Written}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			row.cluster(c)
			r := c.audit()
			if len(r.Workloads) != 1 {
				t.Fatalf("workloads: %+v", r.Workloads)
			}
			w := r.Workloads[0]
			if diff := cmp.Diff(row.want, origins{w.Readiness, w.Liveness, w.Startup}); diff != "" {
				t.Error(diff)
			}
			if bare := r.Number(audit.Bare) == 1; bare != (row.want == origins{audit.None, audit.None, audit.None}) {
				t.Errorf("without any probe: %t", bare)
			}
		})
	}
}

func TestMissed(t *testing.T) {
	const one = "shop/deployment/web error: 1 of 1 Pod asks and no webhook answered; replace them"
	labelled := map[string]string{policy.InjectLabel: "true"}
	annotatedAt := func(pod *audit.Pod, at time.Duration) {
		when := before(at)
		pod.Metadata.ManagedFields = append(pod.Metadata.ManagedFields, metav1.ManagedFieldsEntry{
			Manager: "kubectl-annotate", Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:probe-injector.dev/liveness":{}}}}`),
		})
	}
	for name, row := range map[string]struct {
		cluster func(*cluster)
		want    []string
	}{
		"it asks and has no answer": {func(c *cluster) { c.pod("web", web, asks()) }, []string{one}},
		"some of its Pods were answered": {func(c *cluster) {
			c.pod("web", web, asks())
			c.injected("web", web, asks())
			c.pod("web", web, asks())
		}, []string{"shop/deployment/web error: 2 of 3 Pods ask and no webhook answered; replace them"}},
		"it was answered":     {func(c *cluster) { c.injected("web", web, asks()) }, nil},
		"it asks for nothing": {func(c *cluster) { c.pod("web", web, nil) }, nil},
		"it is left alone":    {func(c *cluster) { c.pod("web", web, map[string]string{"probe-injector.dev/inject": "false"}) }, nil},
		"it is older than the webhook": {func(c *cluster) {
			c.pod("web", web, asks()).Metadata.CreationTimestamp = before(3 * time.Hour)
		}, nil},
		"nothing is installed": {func(c *cluster) { c.pod("web", web, asks()); c.options.Registration = nil }, nil},
		"the namespace is switched off": {func(c *cluster) {
			c.pod("web", web, asks())
			c.namespace.Metadata.Labels = map[string]string{policy.InjectLabel: "false"}
		}, nil},
		"the namespace is never touched": {func(c *cluster) { c.namespace.Metadata.Name = "kube-system"; c.pod("web", web, asks()) }, nil},
		"the configuration leaves the namespace out": {func(c *cluster) {
			conf := configuration(c.policy)
			conf.Webhooks[0].NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}
			c.options.Registration = audit.NewRegistration(conf)
			c.pod("web", web, asks())
		}, nil},
		"the configuration asks for a label that the Pod lacks": {func(c *cluster) {
			conf := configuration(c.policy)
			conf.Webhooks[0].ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{policy.InjectLabel: "true"}}
			c.options.Registration = audit.NewRegistration(conf)
			c.pod("web", web, asks())
		}, nil},
		"it was annotated after its creation": {func(c *cluster) { annotatedAt(c.pod("web", web, asks()), time.Minute) }, nil},
		"it was annotated at its creation":    {func(c *cluster) { annotatedAt(c.pod("web", web, asks()), time.Hour) }, []string{one}},
		"a rule matches and there is no answer": {func(c *cluster) {
			c.namespace.Metadata.Labels = labelled
			c.pod("web", web, nil)
		}, []string{one}},
		"a rule matches, of a policy that may not be the cluster's": {func(c *cluster) {
			c.options.RulesKnown, c.namespace.Metadata.Labels = false, labelled
			c.pod("web", web, nil)
		}, nil},
		"a rule matches that is younger than the Pod": {func(c *cluster) {
			c.options.RulesSince, c.namespace.Metadata.Labels = now().Add(-time.Minute), labelled
			c.pod("web", web, nil)
		}, nil},
		"the namespace was labelled after the Pod's creation": {func(c *cluster) {
			when := before(time.Minute)
			c.namespace.Metadata.Labels = labelled
			c.namespace.Metadata.ManagedFields = []metav1.ManagedFieldsEntry{{Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{}}}`)}}
			c.pod("web", web, nil)
		}, nil},
		"the namespace was annotated after the Pod's creation": {func(c *cluster) {
			when := before(time.Minute)
			c.namespace.Metadata.ManagedFields = []metav1.ManagedFieldsEntry{{Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{}}}`)}}
			c.pod("web", web, asks())
		}, []string{one}},
		"it has finished": {func(c *cluster) { c.pod("web", web, asks()).Status.Phase = corev1.PodSucceeded }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			row.cluster(c)
			if row.want == nil {
				row.want = []string{}
			}
			if diff := cmp.Diff(row.want, found(c.audit(), audit.Missed)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMisplacedAndWrong(t *testing.T) {
	for name, row := range map[string]struct {
		kind, object     string
		misplaced, wrong []string
	}{
		"a good template": {"Deployment", `{metadata: {name: web}, spec: {template: {metadata: {annotations: {probe-injector.dev/inject: "true"}}, spec: ` + web + `}}}`, nil, nil},
		"the key stands on the Deployment": {
			"Deployment", `{metadata: {name: web, annotations: {probe-injector.dev/inject: "true"}}, spec: {template: {spec: ` + web + `}}}`,
			[]string{"shop/deployment/web error: probe-injector.dev/inject has no effect here: move it to spec.template.metadata.annotations"}, nil,
		},
		"the key is a label": {
			"StatefulSet", `{metadata: {name: db, labels: {probe-injector.dev/profile: x}}, spec: {template: {metadata: {labels: {app.probe-injector.dev/liveness: x}}, spec: ` + web + `}}}`,
			[]string{
				"shop/statefulset/db error: label probe-injector.dev/profile has no effect: write it in spec.template.metadata.annotations",
				"shop/statefulset/db error: label app.probe-injector.dev/liveness has no effect: write it as an annotation",
			}, nil,
		},
		"the key stands where it is read as well": {
			"Deployment", `{metadata: {name: web, annotations: {probe-injector.dev/inject: "true"}, labels: {probe-injector.dev/inject: "true"}}, spec: {template: {metadata: {annotations: {probe-injector.dev/inject: "true"}}, spec: ` + web + `}}}`,
			nil, nil,
		},
		"the domain is misspelt": {
			"Deployment", `{metadata: {name: web}, spec: {template: {metadata: {annotations: {probe-injector.io/inject: "true"}}, spec: ` + web + `}}}`,
			[]string{"shop/deployment/web error: probe-injector.io/inject has no effect: the domain is probe-injector.dev"}, nil,
		},
		"a label that the webhook writes itself": {"Deployment", `{metadata: {name: web}, spec: {template: {metadata: {labels: {probe-injector.dev/injected: "true"}}, spec: ` + web + `}}}`, nil, nil},
		"a status where a backup has brought it": {"Deployment", `{metadata: {name: web, annotations: {probe-injector.dev/status: x}}, spec: {template: {spec: ` + web + `}}}`, nil, nil},
		"a value that cannot be read": {
			"DaemonSet", `{metadata: {name: log}, spec: {template: {metadata: {annotations: {probe-injector.dev/startup-budget: 2 min, probe-injector.dev/inject: "true"}}, spec: ` + web + `}}}`,
			nil, []string{`shop/daemonset/log error: probe-injector.dev/startup-budget: "2 min": write a duration such as "90s", "5m" or "1h30m"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.makers[row.kind] = append(c.makers[row.kind], read[audit.Maker](t, row.object))
			r := c.audit()
			if diff := cmp.Diff(append([]string{}, row.misplaced...), found(r, audit.Misplaced)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(append([]string{}, row.wrong...), found(r, audit.Wrong)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPodWithoutTemplateHasItsOwnMistakes(t *testing.T) {
	c := newCluster(t)
	pod := c.pod("x", web, map[string]string{"probe-injector.dev/liveness": "off"})
	pod.Metadata.OwnerReferences, pod.Metadata.Name = nil, "debug"
	pod.Metadata.Labels = map[string]string{"probe-injector.dev/readiness": "x"}
	r := c.audit()
	if diff := cmp.Diff([]string{`shop/pod/debug error: probe-injector.dev/liveness: "off": write "false"`}, found(r, audit.Wrong)); diff != "" {
		t.Error(diff)
	}
	want := []string{"shop/pod/debug error: label probe-injector.dev/readiness has no effect: write it as an annotation"}
	if diff := cmp.Diff(want, found(r, audit.Misplaced)); diff != "" {
		t.Error(diff)
	}
}

func TestAProfileMayBeKnownToAPolicyThatIsNot(t *testing.T) {
	for known, want := range map[bool]int{true: 1, false: 0} {
		c := newCluster(t)
		c.options.RulesKnown = known
		c.pod("web", web, map[string]string{"probe-injector.dev/profile": "corp"})
		if got := c.audit().Number(audit.Wrong); got != want {
			t.Errorf("policy known %t: %d, want %d", known, got, want)
		}
	}
}

func TestDangerous(t *testing.T) {
	c := newCluster(t)
	same := `{httpGet: {port: 8080, path: /x}, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5}`
	patient := `{httpGet: {port: 8080, path: /x}, periodSeconds: 10, failureThreshold: 4, timeoutSeconds: 5, initialDelaySeconds: 100}`
	spec := `{containers: [{name: app, ports: [{containerPort: 8080}], livenessProbe: ` + patient + `, readinessProbe: ` + same + `}]}`
	c.pod("a", spec, nil)
	c.pod("a", spec, nil)
	c.pod("b", spec, nil)
	c.injected("good", web, asks())
	c.pod("alone", own, nil)
	r := c.audit()
	for _, f := range r.Of(audit.Dangerous) {
		if f.Name == "good" || f.Severity == audit.Note {
			t.Errorf("found %+v", f)
		}
	}
	i := 0
	for _, rule := range r.Rules {
		if rule.Rule == "PS010" {
			i = rule.Workloads
		}
	}
	if i != 2 {
		t.Errorf("PS010 in %d workloads: %+v", i, r.Rules)
	}
}

func TestTightStarts(t *testing.T) {
	budget := map[string]string{"probe-injector.dev/liveness": "/healthz", "probe-injector.dev/startup-budget": "2m"}
	took := func(pod *audit.Pod, d time.Duration) *audit.Pod {
		pod.Status.Conditions[0].LastTransitionTime = before(time.Hour - d)
		return pod
	}
	const sidecar = `{containers: [{name: app, image: app, ports: [{containerPort: 8080}]}, {name: other, image: other}]}`
	for name, row := range map[string]struct {
		cluster func(*cluster)
		want    []string
	}{
		"the longest start of several": {func(c *cluster) {
			for _, seconds := range []time.Duration{40, 103, 90, 12, 80} {
				took(c.injected("ledger", web, budget), seconds*time.Second)
			}
		}, []string{`shop/deployment/ledger app warning: 103s of 124s (5 Pods); startup-budget: "4m"`}},
		"a start with room": {func(c *cluster) { took(c.injected("web", web, budget), 70*time.Second) }, nil},
		"a Pod that has lost its readiness long after its start": {func(c *cluster) {
			took(c.injected("web", web, budget), 40*time.Minute)
		}, nil},
		"a container that has restarted": {func(c *cluster) {
			took(c.injected("web", web, budget), 103*time.Second).Status.ContainerStatuses[0].RestartCount = 1
		}, nil},
		"a Pod that is not ready": {func(c *cluster) {
			took(c.injected("web", web, budget), 103*time.Second).Status.Conditions[0].Status = corev1.ConditionFalse
		}, nil},
		"a readiness probe alone ends no start": {func(c *cluster) {
			took(c.injected("web", web, map[string]string{"probe-injector.dev/readiness": "/"}), 103*time.Second)
		}, nil},
		"another container without probes, started before": {func(c *cluster) {
			pod := took(c.injected("web", sidecar, map[string]string{"app.probe-injector.dev/liveness": "/healthz", "app.probe-injector.dev/startup-budget": "2m"}), 103*time.Second)
			pod.Status.ContainerStatuses[1].State = running(time.Hour + time.Second)
		}, []string{`shop/deployment/web app warning: 103s of 124s (1 Pod); startup-budget: "4m"`}},
		"another container that was started later": {func(c *cluster) {
			pod := took(c.injected("web", sidecar, map[string]string{"app.probe-injector.dev/liveness": "/healthz", "app.probe-injector.dev/startup-budget": "2m"}), 103*time.Second)
			pod.Status.ContainerStatuses[1].State = running(time.Hour - 95*time.Second)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			row.cluster(c)
			if diff := cmp.Diff(append([]string{}, row.want...), found(c.audit(), audit.Tight)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWorkloadsOfPods(t *testing.T) {
	for name, row := range map[string]struct{ metadata, want string }{
		"a Deployment's":                 {`{ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5f7, controller: true}], labels: {pod-template-hash: "5f7"}}`, "deployment/web"},
		"a Rollout's":                    {`{ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5f7, controller: true}], labels: {rollouts-pod-template-hash: "5f7"}}`, "rollout.argoproj.io/web"},
		"a ReplicaSet's own":             {`{ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5f7, controller: true}]}`, "replicaset/web-5f7"},
		"a StatefulSet's":                {`{ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, controller: true}]}`, "statefulset/db"},
		"a CronJob's":                    {`{ownerReferences: [{apiVersion: batch/v1, kind: Job, name: nightly-29401440, controller: true}]}`, "cronjob/nightly"},
		"a Job's":                        {`{ownerReferences: [{apiVersion: batch/v1, kind: Job, name: import-2026, controller: true}]}`, "job/import-2026"},
		"an operator's":                  {`{ownerReferences: [{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, name: pg, controller: true}]}`, "cluster.postgresql.cnpg.io/pg"},
		"nobody's":                       {`{}`, "pod/x"},
		"a static Pod of a node":         {`{ownerReferences: [{apiVersion: v1, kind: Node, name: node-1, controller: true}]}`, "pod/x"},
		"an owner that is no controller": {`{ownerReferences: [{apiVersion: v1, kind: Node, name: node-1}]}`, "pod/x"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			pod := read[audit.Pod](t, `{metadata: `+row.metadata+`, spec: `+web+`}`)
			pod.Metadata.Namespace, pod.Metadata.Name = "shop", "x"
			c.pods = append(c.pods, pod)
			if got := c.audit().Workloads[0].String(); got != "shop/"+row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestWorkloadsWithoutPodsAreJudgedByTheirTemplates(t *testing.T) {
	c := newCluster(t)
	c.makers["Deployment"] = []*audit.Maker{read[audit.Maker](t, `{metadata: {name: idle}, spec: {template: {spec: `+own+`}}}`)}
	r := c.audit()
	if len(r.Workloads) != 1 || r.Workloads[0].Liveness != audit.Written || r.Looked.Pods != 0 {
		t.Errorf("%+v", r.Workloads)
	}
}
