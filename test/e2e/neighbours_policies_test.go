package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/images"
)

// requirement is a rule of a policy engine, as the ValidatingAdmissionPolicy that says the same.
type requirement struct {
	name string
	// group and resource are what it looks at.
	group, resource string
	// expression has to be true, else the object is refused with the message.
	expression, message string
}

// The requirements, by the names that expectations use.
const (
	kyverno       = "Kyverno's require-pod-probes"
	kyvernoStrict = "Kyverno's require-pod-probes as it was before"
	gatekeeper    = "Gatekeeper's K8sRequiredProbes"
	different     = "liveness and readiness must differ"
)

func requirements() []requirement {
	return []requirement{
		// github.com/kyverno/policies, best-practices-cel/require-probes; the rule without CEL says the same.
		{kyverno, "", "pods", `object.spec.containers.all(c, has(c.livenessProbe) || has(c.startupProbe) || has(c.readinessProbe))`,
			"Liveness, readiness, or startup probes are required for all containers."},
		// Its pattern of 2021: both, with a period. Many clusters still have it.
		{kyvernoStrict, "", "pods", `object.spec.containers.all(c, has(c.livenessProbe) && c.livenessProbe.periodSeconds > 0 &&
			has(c.readinessProbe) && c.readinessProbe.periodSeconds > 0)`, "Liveness and readiness probes are required."},
		// github.com/open-policy-agent/gatekeeper-library, general/requiredprobes, with the parameters of its example,
		// must-have-probes: they do not know grpc.
		{gatekeeper, "", "pods", `object.spec.containers.all(c,
			has(c.readinessProbe) && (has(c.readinessProbe.tcpSocket) || has(c.readinessProbe.httpGet) || has(c.readinessProbe.exec)) &&
			has(c.livenessProbe) && (has(c.livenessProbe.tcpSocket) || has(c.livenessProbe.httpGet) || has(c.livenessProbe.exec)))`,
			"Container has no readinessProbe or no livenessProbe."},
		// github.com/kyverno/policies, other/ensure-probes-different, on Pods. Containers without probes fail it, too.
		{different, "", "pods", `object.spec.containers.all(c, (has(c.livenessProbe) || has(c.readinessProbe)) &&
			!(has(c.livenessProbe) && has(c.readinessProbe) && c.livenessProbe == c.readinessProbe))`,
			"Liveness and readiness probes cannot be the same."},
	}
}

// strictest is the requirement that refuses most.
func strictest() requirement {
	all := requirements()
	return all[slices.IndexFunc(all, func(r requirement) bool { return r.name == gatekeeper })]
}

// judged is a Pod and the requirements that refuse it after us.
type judged struct {
	annotations map[string]string
	// byRule puts it into a namespace for which a rule of ours asks for readiness.
	byRule bool
	// beside is the name of another container of the Pod, with a port of its own.
	beside    string
	refusedBy []string
}

func judgements() map[string]judged {
	all := []string{kyverno, kyvernoStrict, gatekeeper, different}
	besides := paths()
	besides["agent.probe-injector.dev/liveness"] = "/livez"
	besides["agent.probe-injector.dev/readiness"] = "/readyz"
	return map[string]judged{
		"a Pod that does not ask has no probes":                              {annotations: nil, refusedBy: all},
		"a Pod that names paths satisfies all of them":                       {annotations: paths()},
		"a Pod that leaves it to us has one handler twice, and passes":       {annotations: inject()},
		"a rule that adds readiness satisfies who asks for any probe":        {byRule: true, refusedBy: []string{kyvernoStrict, gatekeeper}},
		"every container needs probes, and a key means the main one":         {annotations: map[string]string{"kubectl.kubernetes.io/default-container": "web", "probe-injector.dev/inject": "true"}, beside: "agent", refusedBy: all},
		"a key with the name of the other container gives it probes as well": {annotations: with(besides, "kubectl.kubernetes.io/default-container", "web"), beside: "agent"},
		"grpc is unknown to Gatekeeper's example": {
			annotations: map[string]string{"probe-injector.dev/liveness": "grpc:8080", "probe-injector.dev/readiness": "grpc:8080"},
			refusedBy:   []string{gatekeeper},
		},
		"a Pod that wants no liveness fails who asks for it": {
			annotations: map[string]string{"probe-injector.dev/inject": "true", "probe-injector.dev/liveness": "false"},
			refusedBy:   []string{kyvernoStrict, gatekeeper},
		},
	}
}

func with(annotations map[string]string, key, value string) map[string]string {
	annotations[key] = value
	return annotations
}

func TestFullNeighboursThatRequireProbes(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	for _, required := range requirements() {
		t.Run(required.name, func(t *testing.T) {
			t.Parallel()
			namespaces := map[bool]string{
				false: theSuite.namespace(t, "requires", restricted()),
				true:  theSuite.namespace(t, "requires", with(restricted(), "probe-injector.dev/inject", "true")),
			}
			theSuite.require(t, required, namespaces[false], namespaces[true])
			for name, test := range judgements() {
				t.Run(name, func(t *testing.T) {
					_, err := theSuite.tryDryRun(t, namespaces[test.byRule], test.pod())
					if err != nil && !strings.Contains(err.Error(), required.message) {
						t.Fatal(err)
					}
					if refused, want := err != nil, slices.Contains(test.refusedBy, required.name); refused != want {
						t.Errorf("refused: %t, expected: %t: %v", refused, want, err)
					}
				})
			}
		})
	}
}

func TestFullNeighboursThatRequireProbesSeeThoseOfARule(t *testing.T) {
	theSuite.install(t, charttools.Helm4, `
policy:
  profiles:
  - {name: house-rules, readiness: {handler: /readyz}, liveness: {handler: /livez}}
  rules:
  - name: both
    namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}
    probes: [readiness, liveness]
    profile: house-rules
`)
	for _, required := range requirements() {
		t.Run(required.name, func(t *testing.T) {
			bare := theSuite.namespace(t, "requires", nil)
			labelled := theSuite.namespace(t, "requires", map[string]string{"probe-injector.dev/inject": "true"})
			theSuite.require(t, required, bare, labelled)
			theSuite.dryRun(t, labelled, judged{byRule: true}.pod())
		})
	}
}

// TestFullNeighboursThatRequireProbesOfDeployments is about the Pods of a Deployment, and about rules for the Deployment
// itself, such as those that Kyverno's autogen makes: they look at the template, which is never changed.
func TestFullNeighboursThatRequireProbesOfDeployments(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	theSuite.load(t, images.Target)
	namespace := theSuite.namespace(t, "requires", restricted())
	required := strictest()
	theSuite.require(t, required, namespace)
	deployments := theSuite.client.AppsV1().Deployments(namespace)
	for name, annotations := range map[string]map[string]string{"asks": paths(), "does-not-ask": nil} {
		if _, err := deployments.Create(t.Context(), deploymentOf(name, annotations), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	pod := theSuite.podsOf(t, namespace, "app=asks", 1)[0]
	theSuite.waitFor(t, namespace, pod.Name, "is Ready", time.Minute, isReady)
	eventually(t, 30*time.Second, "the Pods of the other are refused", func() error {
		found, err := deployments.Get(t.Context(), "does-not-ask", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == appsv1.DeploymentReplicaFailure && strings.Contains(condition.Message, required.message) {
				return nil
			}
		}
		return fmt.Errorf("its conditions are %v", found.Status.Conditions)
	})

	theSuite.require(t, requirement{
		"Kyverno's require-pod-probes by autogen", "apps", "deployments",
		`object.spec.template.spec.containers.all(c, has(c.livenessProbe) || has(c.startupProbe) || has(c.readinessProbe))`,
		"probes are required in templates",
	}, namespace)
	_, err := deployments.Create(t.Context(), deploymentOf("too", paths()), onDryRun())
	if err == nil || !strings.Contains(err.Error(), "probes are required in templates") {
		t.Errorf("a rule for templates met an annotated Deployment with %v", err)
	}
}

// deploymentOf is a Deployment of one Pod that really runs.
func deploymentOf(name string, annotations map[string]string) *appsv1.Deployment {
	pod := lateTarget(annotations)
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}, Spec: pod.Spec},
		},
	}
}

// pod is the Pod that is judged. One that a rule of ours concerns has a controller, as all but bare Pods have.
func (j judged) pod() *corev1.Pod {
	pod := asking(j.annotations)
	if j.beside != "" {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: j.beside, Image: "example.com/agent:1", Ports: []corev1.ContainerPort{{ContainerPort: 9090}},
			SecurityContext: pod.Spec.Containers[0].SecurityContext,
		})
	}
	if j.byRule {
		pod.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "00000000-0000-0000-0000-000000000000", Controller: new(true),
		}}
	}
	return pod
}

// require has a requirement hold in namespaces until the test ends.
func (s *suite) require(t *testing.T, r requirement, namespaces ...string) {
	t.Helper()
	api := s.client.AdmissionregistrationV1()
	policy, err := api.ValidatingAdmissionPolicies().Create(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "requires-"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: only(namespaces...),
				ResourceRules:     []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: creating(r.group, r.resource)}},
			},
			Validations: []admissionregistrationv1.Validation{{Expression: r.expression, Message: r.message}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, api.ValidatingAdmissionPolicies().Delete, policy.Name) })
	binding, err := api.ValidatingAdmissionPolicyBindings().Create(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policy.Name},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: policy.Name, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, api.ValidatingAdmissionPolicyBindings().Delete, binding.Name) })
	eventually(t, time.Minute, r.message+" is enforced", func() error {
		// Neither of the two has probes.
		_, err := s.tryDryRun(t, namespaces[0], asking(nil))
		if r.resource == "deployments" {
			_, err = s.client.AppsV1().Deployments(namespaces[0]).Create(t.Context(), deploymentOf("web", nil), onDryRun())
		}
		switch {
		case err == nil:
			return errors.New("what it has to refuse was created")
		case !strings.Contains(err.Error(), r.message):
			return fmt.Errorf("what it has to refuse: %w", err)
		}
		return nil
	})
}
