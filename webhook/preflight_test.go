package webhook_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/webhook"
)

// webDeployment is the Deployment of webPod, with annotations added to its template, as the API server sends it.
func webDeployment(variables int, annotations map[string]string) *appsv1.Deployment {
	pod := webPod(variables)
	d := &appsv1.Deployment{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}}
	d.Name, d.Namespace = "web", "shop"
	d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
	d.ManagedFields = pod.ManagedFields
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	d.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels, Annotations: maps.Clone(pod.Annotations)}, Spec: pod.Spec}
	maps.Copy(d.Spec.Template.Annotations, annotations)
	return d
}

// wrongBudget is an annotation whose value is wrong, and wrongBudgetSaid what is said about it.
func wrongBudget() map[string]string {
	return map[string]string{"probe-injector.dev/startup-budget": "2 min"}
}

const wrongBudgetSaid = `deployment/web: probe-injector.dev/startup-budget: "2 min": write a duration such as "90s", "5m" or "1h30m"`

// preflightOf is the review of the creation of a Deployment by a person with kubectl, or of an update if there is an old
// one, changed as the test wants it.
func preflightOf(t testing.TB, object, old any, change ...func(*admissionv1.AdmissionRequest)) []byte {
	t.Helper()
	base := func(r *admissionv1.AdmissionRequest) {
		r.Kind = metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
		r.Resource = metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
		r.Name = "web"
		r.UserInfo.Username = "jane"
		r.Options = runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":"kubectl-client-side-apply"}`)}
		if old != nil {
			raw, err := json.Marshal(old)
			if err != nil {
				t.Fatal(err)
			}
			r.Operation, r.OldObject = admissionv1.Update, runtime.RawExtension{Raw: raw}
		}
	}
	return reviewOf(t, object, append([]func(*admissionv1.AdmissionRequest){base}, change...)...)
}

func dryRun(r *admissionv1.AdmissionRequest) { r.DryRun = new(true) }

func preflightServer(t testing.TB, o preflight.Options) *server {
	t.Helper()
	return newServer(t, policy.Default("test"), func(options *webhook.Options) { options.Preflight = o })
}

// TestPreflightOutcomes has the rows of the second table in the package comment.
func TestPreflightOutcomes(t *testing.T) {
	warn, deny := preflight.Options{Plan: true}, preflight.Options{Plan: true, Deny: true}
	good, wrong := webDeployment(1, nil), webDeployment(1, wrongBudget())
	other := webDeployment(1, wrongBudget())
	other.Spec.Template.Spec.Containers[0].Image = "web:2"
	otherVariable := webDeployment(2, wrongBudget())
	scaled := webDeployment(1, wrongBudget())
	scaled.Spec.Replicas = new(int32(7))
	scaled.Labels = map[string]string{"tier": "front"}
	const plan = "deployment/web: will get web: "
	for outcome, row := range map[string]struct {
		options preflight.Options
		body    []byte

		wantResult string
		// want are the beginnings of the warnings.
		want   []string
		denied bool
	}{
		"nothing is wrong":                          {warn, preflightOf(t, good, nil), "silent", nil, false},
		"something is wrong":                        {warn, preflightOf(t, wrong, nil), "warned", []string{wrongBudgetSaid}, false},
		"nothing is wrong, and a person asks":       {warn, preflightOf(t, good, nil, dryRun), "planned", []string{plan}, false},
		"something is wrong, and a person asks":     {warn, preflightOf(t, wrong, nil, dryRun), "warned", []string{wrongBudgetSaid, plan}, false},
		"plans are switched off":                    {preflight.Options{}, preflightOf(t, good, nil, dryRun), "silent", nil, false},
		"wrong by this change, in Deny mode":        {deny, preflightOf(t, wrong, good), "denied", nil, true},
		"wrong by this change, on dry run":          {deny, preflightOf(t, wrong, good, dryRun), "denied", nil, true},
		"wrong before, in Deny mode":                {deny, preflightOf(t, other, wrong), "warned", []string{wrongBudgetSaid}, false},
		"a field changes that no decision looks at": {warn, preflightOf(t, otherVariable, wrong), "warned", []string{wrongBudgetSaid}, false},
		"nothing of the template changes":           {warn, preflightOf(t, scaled, wrong), "silent", nil, false},
		"nothing of the template changes, dry run":  {warn, preflightOf(t, scaled, wrong, dryRun), "warned", []string{wrongBudgetSaid, plan}, false},
		"a dry run of a ServiceAccount": {warn, preflightOf(t, good, nil, dryRun, func(r *admissionv1.AdmissionRequest) {
			r.UserInfo.Username = "system:serviceaccount:flux-system:kustomize-controller"
		}), "silent", nil, false},
		"a dry run of another manager": {warn, preflightOf(t, good, nil, dryRun, func(r *admissionv1.AdmissionRequest) {
			r.Options.Raw = []byte(`{"fieldManager":"argocd-controller"}`)
		}), "silent", nil, false},
		"a subresource": {warn, preflightOf(t, wrong, good, func(r *admissionv1.AdmissionRequest) { r.SubResource = "scale" }), "not_a_workload", nil, false},
		"a DELETE": {warn, preflightOf(t, wrong, good, func(r *admissionv1.AdmissionRequest) {
			r.Operation, r.Object = admissionv1.Delete, runtime.RawExtension{}
		}), "not_a_workload", nil, false},
		"an object without a template":       {warn, preflightOf(t, &corev1.ConfigMap{}, nil), "not_a_workload", nil, false},
		"an object whose template is a text": {warn, preflightOf(t, map[string]any{"spec": map[string]any{"template": "x"}}, nil), "not_a_workload", nil, false},
	} {
		t.Run(outcome, func(t *testing.T) {
			s := preflightServer(t, row.options)
			got := response(t, s.postTo(webhook.PathPreflight, row.body))
			if got.UID != testUID || got.Patch != nil || got.PatchType != nil || len(got.AuditAnnotations) > 0 || got.Allowed == row.denied {
				t.Errorf("answered %+v", got)
			}
			if !slices.EqualFunc(got.Warnings, row.want, strings.HasPrefix) {
				t.Errorf("warnings %q, want %q", got.Warnings, row.want)
			}
			if s.counter(t, "probe_injector_reviews_total", "route", "preflight", "result", row.wantResult) != 1 {
				t.Errorf("the result %s is not counted", row.wantResult)
			}
			quiet := row.wantResult == "silent" || row.wantResult == "not_a_workload"
			if logged := s.log.Len() > 0; logged == quiet || strings.Contains(s.log.String(), "2 min") {
				t.Errorf("log: %s", s.log)
			}
			if (got.Result != nil) != row.denied {
				t.Errorf("status %+v", got.Result)
			}
		})
	}
}

func TestADeniedWorkloadIsInvalidLikeOneThatTheAPIServerRefuses(t *testing.T) {
	s := preflightServer(t, preflight.Options{Deny: true})
	wrong := webDeployment(1, map[string]string{"probe-injector.dev/startup-budget": "2 min", "probe-injector.dev/host-header": "a b"})
	wrong.Annotations["probe-injector.dev/profile"] = "nginx"
	got := response(t, s.postTo(webhook.PathPreflight, preflightOf(t, wrong, nil))).Result
	if got == nil || got.Code != http.StatusUnprocessableEntity || got.Reason != metav1.StatusReasonInvalid || got.Status != metav1.StatusFailure {
		t.Fatalf("status %+v", got)
	}
	if got.Details == nil || got.Details.Name != "web" || got.Details.Group != "apps" || got.Details.Kind != "Deployment" || len(got.Details.Causes) != 3 {
		t.Fatalf("details %+v", got.Details)
	}
	if want := got.Details.Causes[0].Field + ": " + got.Details.Causes[0].Message + "; "; !strings.HasPrefix(got.Message, want) {
		t.Errorf("the message does not say the causes: %s", got.Message)
	}
	for _, cause := range got.Details.Causes {
		if cause.Type != metav1.CauseTypeFieldValueInvalid || cause.Field == "" || cause.Message == "" {
			t.Errorf("cause %+v", cause)
		}
	}
}

// The route counts for itself: a preflight is no Pod that got nothing.
func TestAPreflightCountsNoSkipsAndNoProbes(t *testing.T) {
	s := preflightServer(t, preflight.Options{})
	s.postTo(webhook.PathPreflight, preflightOf(t, webDeployment(1, wrongBudget()), nil))
	for _, name := range []string{"probe_injector_skips_total", "probe_injector_probes_injected_total"} {
		families, err := s.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				if family.GetName() == name && m.GetCounter().GetValue() > 0 {
					t.Errorf("%s %v", name, m)
				}
			}
		}
	}
}

// What a Pod review is refused for, a preflight is refused for; what is only no Pod is nothing to it.
func TestBadInputsOfPreflights(t *testing.T) {
	for name, input := range badInputs(t) {
		t.Run(name, func(t *testing.T) {
			s := preflightServer(t, preflight.Options{Deny: true, Plan: true})
			checkPreflight(t, s.Handler, input.body)
			if held := s.counter(t, "probe_injector_bytes_in_flight"); held != 0 {
				t.Errorf("%v bytes are still held", held)
			}
		})
	}
}
