package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/images"
)

// TestFullNeighboursPodSecurity creates Pods in a namespace that enforces "restricted", which looks at Pods after us.
func TestFullNeighboursPodSecurity(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	namespace := theSuite.namespace(t, "security", restricted())
	for name, test := range map[string]struct {
		annotations map[string]string
		probes      string
	}{
		"http":                    {paths(), ours},
		"http with a Host header": {with(paths(), "probe-injector.dev/host-header", "shop.example.com"), ours},
		"https": {
			map[string]string{"probe-injector.dev/liveness": "https:8443/livez", "probe-injector.dev/readiness": "https:8443/readyz"},
			"web: startup https:8443/livez, liveness https:8443/livez, readiness https:8443/readyz",
		},
		"tcp": {inject(), tcpOurs},
		"grpc": {
			map[string]string{"probe-injector.dev/liveness": "grpc:9000/liveness", "probe-injector.dev/readiness": "grpc:9000"},
			"web: startup grpc:9000/liveness, liveness grpc:9000/liveness, readiness grpc:9000",
		},
		"exec, from a profile": {
			map[string]string{"probe-injector.dev/profile": "target-file", "probe-injector.dev/liveness": "true"},
			"web: startup exec, liveness exec, readiness exec",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if probes := probesOf(theSuite.dryRun(t, namespace, asking(test.annotations))); probes != test.probes {
				t.Errorf("the probes are\n%s\nand should be\n%s", probes, test.probes)
			}
		})
	}
	t.Run("what it refuses without us it refuses with us", func(t *testing.T) {
		pod := asking(paths())
		pod.Spec.Containers[0].SecurityContext = nil
		_, err := theSuite.tryDryRun(t, namespace, pod)
		if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") || strings.Contains(strings.ToLower(err.Error()), "probe") {
			t.Errorf("the answer is %v", err)
		}
	})
}

// limits are the defaults that a LimitRange gives to containers, and a quota that refuses Pods without them.
const limits = `
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec:
  limits:
  - type: Container
    defaultRequest: {cpu: 10m, memory: 16Mi}
    default: {cpu: 100m, memory: 64Mi}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec:
  hard: {pods: "1", limits.cpu: 200m, limits.memory: 128Mi, requests.cpu: 200m, requests.memory: 128Mi}
`

func TestFullNeighboursLimitRangeAndResourceQuota(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	theSuite.load(t, images.Target)
	n := theSuite.startNeighbour(t, changes())
	namespace := theSuite.namespace(t, "limits", restricted())
	theSuite.apply(t, namespace, limits)
	n.register(t, namespace, registration{afterUs, "agent", never})
	eventually(t, time.Minute, "the quota is counted", func() error {
		quota, err := theSuite.client.CoreV1().ResourceQuotas(namespace).Get(t.Context(), "quota", metav1.GetOptions{})
		if err == nil && len(quota.Status.Used) == 0 {
			err = fmt.Errorf("its status is %v", quota.Status)
		}
		return err
	})
	created, err := theSuite.client.CoreV1().Pods(namespace).Create(t.Context(), lateTarget(paths()), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if probes := probesOf(created); probes != ours+"\nagent: none" {
		t.Errorf("the probes are\n%s", probes)
	}
	for i := range created.Spec.Containers {
		if c := &created.Spec.Containers[i]; c.Resources.Limits.Cpu().String() != "100m" || c.Resources.Requests.Memory().String() != "16Mi" {
			t.Errorf("the resources of %s are %v", c.Name, c.Resources)
		}
	}
	theSuite.waitFor(t, namespace, created.Name, "is Ready", time.Minute, isReady)
	_, err = theSuite.tryDryRun(t, namespace, asking(paths()))
	if err == nil || !strings.Contains(err.Error(), "exceeded quota") {
		t.Errorf("another Pod, for which there is no quota, met %v", err)
	}
}

// nativeMutation is a MutatingAdmissionPolicy, which the API server evaluates before it calls webhooks.
type nativeMutation struct {
	// patch makes a JSON patch for the Pod.
	patch        string
	reinvocation admissionregistrationv1.ReinvocationPolicyType
	// probes are those of the Pod afterwards, and mark the value of its label "mark".
	probes, mark string
}

func nativeMutations() map[string]nativeMutation {
	const (
		mark  = `JSONPatch{op: "add", path: "/metadata/labels", value: {"mark": "yes"}}`
		label = `[` + mark + `]`
		// The label is there if the Pod has a readiness probe at the time.
		labelIfReady = `object.spec.containers.exists(c, has(c.readinessProbe)) ? [` + mark + `] : []`
		agent        = `[` + mark + `] + (object.spec.containers.exists(c, c.name == "agent") ? [] : [
			JSONPatch{op: "add", path: "/spec/containers/0", value: Object.spec.containers{
				name: "agent", image: "localhost/neighbour:1", args: ["proxy"],
				securityContext: Object.spec.containers.securityContext{
					allowPrivilegeEscalation: false,
					capabilities: Object.spec.containers.securityContext.capabilities{drop: ["ALL"]}
				}
			}}
		])`
		readiness = `[` + mark + `, JSONPatch{
			op: "add", path: "/spec/containers/0/readinessProbe", value: Object.spec.containers.readinessProbe{
				httpGet: Object.spec.containers.readinessProbe.httpGet{path: "/theirs", port: 8080}
			}
		}]`
	)
	return map[string]nativeMutation{
		"it adds a label":                                {label, never, ours, "yes"},
		"it comes before us and sees no probe":           {labelIfReady, never, ours, ""},
		"called again if needed, it sees ours":           {labelIfReady, ifNeeded, ours, "yes"},
		"it adds a container, which is not the main one": {agent, never, "agent: none\n" + ours, "yes"},
		"called again, it adds the container once":       {agent, ifNeeded, "agent: none\n" + ours, "yes"},
		"it adds a probe, which stays": {
			readiness, never, "web: startup http:8080/livez, liveness http:8080/livez, readiness http:8080/theirs", "yes",
		},
	}
}

func TestFullNeighboursMutatingAdmissionPolicy(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	if !theSuite.serves(t, "mutatingadmissionpolicies") {
		theSuite.lacks(t, "this needs a cluster of Kubernetes 1.36 or newer: this one has no MutatingAdmissionPolicy in admissionregistration.k8s.io/v1")
	}
	for name, test := range nativeMutations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := theSuite.namespace(t, "native", restricted())
			theSuite.mutate(t, namespace, test)
			met := theSuite.dryRun(t, namespace, asking(paths()))
			if probes := probesOf(met); probes != test.probes {
				t.Errorf("the probes are\n%s\nand should be\n%s", probes, test.probes)
			}
			if mark := met.Labels["mark"]; mark != test.mark {
				t.Errorf("the label is %q and should be %q", mark, test.mark)
			}
		})
	}
}

// serves reports whether the API server has a resource of admissionregistration.k8s.io/v1.
func (s *suite) serves(t *testing.T, resource string) bool {
	t.Helper()
	list, err := s.client.Discovery().ServerResourcesForGroupVersion(admissionregistrationv1.SchemeGroupVersion.String())
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.APIResources {
		if list.APIResources[i].Name == resource {
			return true
		}
	}
	return false
}

// mutate has a mutation done to the Pods of a namespace until the test ends.
func (s *suite) mutate(t *testing.T, namespace string, m nativeMutation) {
	t.Helper()
	api := s.client.AdmissionregistrationV1()
	created, err := api.MutatingAdmissionPolicies().Create(t.Context(), &admissionregistrationv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "mutates-"},
		Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: only(namespace),
				ResourceRules:     []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: creating("", "pods")}},
			},
			ReinvocationPolicy: m.reinvocation,
			Mutations: []admissionregistrationv1.Mutation{{
				PatchType: admissionregistrationv1.PatchTypeJSONPatch,
				JSONPatch: &admissionregistrationv1.JSONPatch{Expression: m.patch},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, api.MutatingAdmissionPolicies().Delete, created.Name) })
	_, err = api.MutatingAdmissionPolicyBindings().Create(t.Context(), &admissionregistrationv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: created.Name},
		Spec:       admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: created.Name},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, api.MutatingAdmissionPolicyBindings().Delete, created.Name) })
	eventually(t, time.Minute, "the policy is in force", func() error {
		// A Pod that has a probe already gets the label from each of them.
		probed := asking(nil)
		probed.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			Exec: &corev1.ExecAction{Command: []string{"true"}},
		}}
		met, err := s.tryDryRun(t, namespace, probed)
		if err == nil && met.Labels["mark"] == "" {
			err = fmt.Errorf("a Pod that it concerns has the labels %v", met.Labels)
		}
		return err
	})
}
