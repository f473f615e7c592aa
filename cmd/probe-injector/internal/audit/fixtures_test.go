package audit_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// now is when every test reads its cluster.
func now() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func before(d time.Duration) metav1.Time { return metav1.NewTime(now().Add(-d)) }

// rules is a policy with a rule for one namespace.
func rules(t *testing.T) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(`
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  rules:
  - name: shop
    namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}
    probes: [liveness, readiness]
`), "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// cluster is a cluster to be audited.
type cluster struct {
	t       *testing.T
	options audit.Options
	policy  *policy.Policy
	// namespace is the one that all objects are in.
	namespace *audit.Namespace
	makers    map[string][]*audit.Maker
	events    []*audit.Event
	pods      []*audit.Pod
}

// newCluster has the webhook since two hours.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{
		t: t, policy: rules(t), makers: map[string][]*audit.Maker{},
		namespace: &audit.Namespace{Metadata: audit.Metadata{ObjectMeta: workload.ObjectMeta{Name: "shop"}}},
	}
	c.options = audit.Options{Now: now(), Policy: c.policy, RulesKnown: true, Registration: audit.NewRegistration(configuration(c.policy))}
	return c
}

// configuration is what the chart renders for a policy, without what audit does not look at.
func configuration(p *policy.Policy) *admissionregistrationv1.MutatingWebhookConfiguration {
	entry := func(name, path string, selector *metav1.LabelSelector) admissionregistrationv1.MutatingWebhook {
		return admissionregistrationv1.MutatingWebhook{
			Name: name, NamespaceSelector: selector,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{Namespace: "probe-injector", Name: "probe-injector", Path: &path},
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}
	}
	c := &admissionregistrationv1.MutatingWebhookConfiguration{}
	c.Name, c.CreationTimestamp = "0-probe-injector", before(2*time.Hour)
	c.Webhooks = append(c.Webhooks, entry("annotated.probe-injector.dev", "/mutate/annotated", nil))
	for _, group := range p.Groups() {
		c.Webhooks = append(c.Webhooks, entry(group+".rules.probe-injector.dev", "/mutate/rules/"+group,
			&metav1.LabelSelector{MatchLabels: map[string]string{policy.InjectLabel: "true"}}))
	}
	return c
}

// read reads an object in YAML.
func read[T any](t *testing.T, text string) *T {
	t.Helper()
	var object T
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return &object
}

// web are containers of a usual service.
const web = `{containers: [{name: app, image: app, ports: [{containerPort: 8080}]}]}`

// asks are annotations that ask for all probes.
func asks() map[string]string {
	return map[string]string{"probe-injector.dev/liveness": "/healthz", "probe-injector.dev/readiness": "/readyz"}
}

// pod makes a Pod of a Deployment an hour ago, which runs and is ready.
func (c *cluster) pod(deployment, spec string, annotations map[string]string) *audit.Pod {
	c.t.Helper()
	pod := &audit.Pod{Spec: *read[workload.PodSpec](c.t, spec)}
	always := true
	pod.Metadata.Name = fmt.Sprintf("%s-5f7d9c-%d", deployment, len(c.pods))
	pod.Metadata.UID = "uid-" + pod.Metadata.Name
	pod.Metadata.Namespace, pod.Metadata.CreationTimestamp = c.namespace.Metadata.Name, before(time.Hour)
	pod.Metadata.Labels = map[string]string{"pod-template-hash": "5f7d9c"}
	pod.Metadata.Annotations = maps.Clone(annotations)
	pod.Metadata.OwnerReferences = []workload.OwnerReference{
		{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: deployment + "-5f7d9c", Controller: &always},
	}
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []audit.Condition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: before(time.Hour - 10*time.Second)}}
	for i := range pod.Spec.Containers {
		s := audit.ContainerStatus{Name: pod.Spec.Containers[i].Name, Ready: true}
		s.State = running(time.Hour)
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, s)
	}
	c.pods = append(c.pods, pod)
	return pod
}

// running is the state of a container that was started some time ago.
func running(since time.Duration) audit.ContainerState {
	text, _ := json.Marshal(map[string]any{"running": map[string]any{"startedAt": before(since)}})
	var state audit.ContainerState
	_ = json.Unmarshal(text, &state)
	return state
}

// exited is the state of a container that has ended.
func exited(code int, reason string) audit.ContainerState {
	text, _ := json.Marshal(map[string]any{"terminated": map[string]any{"exitCode": code, "reason": reason}})
	var state audit.ContainerState
	_ = json.Unmarshal(text, &state)
	return state
}

// injected is a Pod that the webhook has answered.
func (c *cluster) injected(deployment, spec string, annotations map[string]string) *audit.Pod {
	c.t.Helper()
	pod := c.pod(deployment, spec, annotations)
	c.answer(pod)
	return pod
}

// answer lets the engine answer a Pod.
func (c *cluster) answer(pod *audit.Pod) {
	c.t.Helper()
	view := &workload.Pod{Metadata: &pod.Metadata.ObjectMeta, Spec: pod.Spec}
	for _, route := range c.policy.Routes(view, "shop", c.namespace.Metadata.Labels) {
		d, _, err := patch.Decide(c.policy, policy.Subject{Pod: view, Route: route}, patch.Options{})
		if err != nil {
			c.t.Fatal(err)
		}
		view = patch.Apply(view, &d)
	}
	pod.Metadata.ObjectMeta, pod.Spec = *view.Metadata, view.Spec
	if pod.Metadata.Annotations[annotation.StatusKey] == "" {
		c.t.Fatalf("the engine says nothing about %s", pod.Metadata.Name)
	}
}

// kill adds an event of the kubelet about a container of a Pod.
func (c *cluster) kill(pod *audit.Pod, message string, times int32, since time.Duration) *audit.Event {
	e := &audit.Event{Message: message, FirstTimestamp: before(since), LastTimestamp: before(time.Minute), Count: times}
	e.InvolvedObject.UID = pod.Metadata.UID
	c.events = append(c.events, e)
	return e
}

// audit audits the cluster.
func (c *cluster) audit() *audit.Report {
	c.t.Helper()
	a := audit.New(c.options)
	a.AddNamespace(c.namespace)
	for kind, all := range c.makers {
		for _, m := range all {
			m.Metadata.Namespace = "shop"
			a.AddMaker(kind, m)
		}
	}
	for _, e := range c.events {
		a.AddKill(e)
	}
	for _, pod := range c.pods {
		a.AddPod(pod)
	}
	return a.Report()
}

// found are the findings of a type as lines.
func found(r *audit.Report, t audit.Type) []string {
	lines := []string{}
	for _, f := range r.Of(t) {
		line := strings.TrimSpace(f.String() + " " + f.Container + " " + string(f.Sign) + " " + string(f.Severity))
		lines = append(lines, strings.Join(strings.Fields(line), " ")+": "+f.Message)
	}
	return lines
}
