package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/images"
)

// neighbourCalls and the name of a change are the annotation in which the neighbour counts how often it was called for a
// Pod.
const neighbourCalls = "neighbour.example.com/calls-"

// neighbour is a mutating webhook of somebody else, which runs in a namespace of its own.
type neighbour struct {
	*suite
	namespace string
	bundle    []byte
}

// registration says when the neighbour is called for a Pod and what it does to it.
type registration struct {
	// name begins the name of the configuration, in whose order webhooks are called.
	name string
	// change is one that the neighbour was started with.
	change       string
	reinvocation admissionregistrationv1.ReinvocationPolicyType
}

// startNeighbour runs the neighbour with changes by their names; see the command test/images/neighbour for what a change
// can say.
func (s *suite) startNeighbour(t *testing.T, changes map[string]string) *neighbour {
	t.Helper()
	s.load(t, images.Neighbour)
	n := &neighbour{suite: s, namespace: s.namespace(t, "neighbour", restricted())}
	authority, err := certificate.NewAuthority("neighbour")
	if err != nil {
		t.Fatal(err)
	}
	n.bundle = authority.PEM()
	leaf, err := authority.Sign(time.Hour, "neighbour."+n.namespace+".svc")
	if err != nil {
		t.Fatal(err)
	}
	core := s.client.CoreV1()
	if _, err := core.Secrets(n.namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "certificates"},
		Data:       map[string][]byte{corev1.TLSCertKey: leaf.Certificate, corev1.TLSPrivateKeyKey: leaf.Key},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := core.ConfigMaps(n.namespace).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "changes"}, Data: changes,
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.apply(t, n.namespace, neighbourManifest)
	s.waitFor(t, n.namespace, "neighbour", "is Ready", time.Minute, isReady)
	return n
}

// neighbourManifest is the neighbour's Pod and Service.
const neighbourManifest = `
apiVersion: v1
kind: Pod
metadata:
  name: neighbour
  labels: {app: neighbour}
spec:
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: neighbour
    image: localhost/neighbour:1
    args: [webhook, /certificates, /changes]
    readinessProbe: {httpGet: {scheme: HTTPS, port: 8443, path: /ready}, periodSeconds: 1}
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts:
    - {name: certificates, mountPath: /certificates}
    - {name: changes, mountPath: /changes}
  volumes:
  - {name: certificates, secret: {secretName: certificates}}
  - {name: changes, configMap: {name: changes}}
---
apiVersion: v1
kind: Service
metadata:
  name: neighbour
spec:
  selector: {app: neighbour}
  ports: [{port: 443, targetPort: 8443}]
`

// register has the neighbour called for the Pods of a namespace until the test ends.
func (n *neighbour) register(t *testing.T, namespace string, r registration) {
	t.Helper()
	name := r.name + "." + namespace
	configurations := n.client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	t.Cleanup(func() {
		remove(t, configurations.Delete, name)
	})
	_, err := configurations.Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "neighbour.example.com",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{
					Namespace: n.namespace, Name: "neighbour", Path: new("/" + r.change),
				},
				CABundle: n.bundle,
			},
			Rules:                   []admissionregistrationv1.RuleWithOperations{creating("", "pods")},
			NamespaceSelector:       only(namespace),
			ReinvocationPolicy:      &r.reinvocation,
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			FailurePolicy:           new(admissionregistrationv1.Fail),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, name+" is called", func() error {
		created, err := n.tryDryRun(t, namespace, asking(nil))
		if err == nil && created.Annotations[neighbourCalls+r.change] == "" {
			err = fmt.Errorf("a Pod has only the annotations %v", created.Annotations)
		}
		return err
	})
}

// only selects namespaces by their names.
func only(namespaces ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: namespaces},
	}}
}

// creating is the creation of a resource.
func creating(group, resource string) admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{resource}},
	}
}

// remove deletes an object that belongs to no namespace.
func remove(t *testing.T, del func(context.Context, string, metav1.DeleteOptions) error, name string) {
	t.Helper()
	if err := del(context.Background(), name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}

// onDryRun sends an object through all of admission and does not store it.
func onDryRun() metav1.CreateOptions { return metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}} }

// dryRun sends a Pod through all of admission and does not store it. It ends the test if the Pod is refused.
func (s *suite) dryRun(t *testing.T, namespace string, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	created, err := s.tryDryRun(t, namespace, pod)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func (s *suite) tryDryRun(t *testing.T, namespace string, pod *corev1.Pod) (*corev1.Pod, error) {
	t.Helper()
	return s.client.CoreV1().Pods(namespace).Create(t.Context(), pod, onDryRun())
}

// probesOf is one line for each container of a Pod, native sidecars first:
//
//	web: startup http:8080/livez, liveness http:8080/livez, readiness http:8080/readyz
//	cache: none
func probesOf(pod *corev1.Pod) string {
	var lines []string
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			lines = append(lines, containers[i].Name+": "+handlersOf(&containers[i]))
		}
	}
	return strings.Join(lines, "\n")
}

func handlersOf(c *corev1.Container) string {
	var handlers []string
	all := probesByKind(c)
	for _, kind := range probe.Kinds() {
		if p, ok := all[kind]; ok {
			injection := policy.ReadInjection(policy.ContainerRef{Name: c.Name}, kind, p, nil)
			handlers = append(handlers, string(kind)+" "+injection.Handler.String())
		}
	}
	if len(handlers) == 0 {
		return "none"
	}
	return strings.Join(handlers, ", ")
}

// probesByKind are the probes that a container has.
func probesByKind(c *corev1.Container) map[probe.Kind]*corev1.Probe {
	all := map[probe.Kind]*corev1.Probe{
		probe.Startup: c.StartupProbe, probe.Liveness: c.LivenessProbe, probe.Readiness: c.ReadinessProbe,
	}
	maps.DeleteFunc(all, func(_ probe.Kind, p *corev1.Probe) bool { return p == nil })
	return all
}
