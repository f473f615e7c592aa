package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/workload"
	"github.com/probe-injector/probe-injector/webhook"
)

// FuzzAgainstAdmissionWebhook holds the handler against controller-runtime's admission.Webhook, which decodes the
// review with the API machinery and the Pod into its Go type, with the same engine behind it: for every body that both
// decode, the same allowed, the same uid, and the same Pod after the patch.
func FuzzAgainstAdmissionWebhook(f *testing.F) {
	addSeeds(f)
	ctrllog.SetLogger(logr.Discard())
	engines := []webhook.Decider{decide(eager), policy.Default("test")}
	var ours []*webhook.Handler
	var theirs []*referenceWebhook
	for _, engine := range engines {
		ours, theirs = append(ours, quiet(f, engine)), append(theirs, newReferenceWebhook(f, engine))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for i := range engines {
			compare(t, ours[i], theirs[i], body)
		}
	})
}

func compare(t *testing.T, ours http.Handler, theirs *referenceWebhook, body []byte) {
	t.Helper()
	theirs.before, theirs.after, theirs.decoded = nil, nil, false
	theirAnswer := response(t, post(t, theirs.webhook, webhook.PathAnnotated, body))
	ourRecord := post(t, ours, webhook.PathAnnotated, body)
	if !theirs.decoded || ourRecord.Code != http.StatusOK {
		return
	}
	ourAnswer := response(t, ourRecord)
	if ourAnswer.Allowed != theirAnswer.Allowed || ourAnswer.UID != theirAnswer.UID {
		t.Fatalf("allowed %v and uid %q, theirs %v and %q", ourAnswer.Allowed, ourAnswer.UID, theirAnswer.Allowed, theirAnswer.UID)
	}
	if theirs.after == nil {
		if ourAnswer.Patch != nil {
			t.Fatalf("they see no CREATE of a Pod, we add %s", ourAnswer.Patch)
		}
		return
	}
	patched := theirs.before
	if ourAnswer.Patch != nil {
		patched = apply(t, patched, ourAnswer.Patch)
	}
	var got corev1.Pod
	if err := theirs.decode(patched, &got); err != nil {
		t.Fatalf("the API server could not decode our Pod: %v", err)
	}
	if !equality.Semantic.DeepEqual(&got, theirs.after) {
		t.Fatalf("our Pod %s\nthe typed one %s", encode(t, &got), encode(t, theirs.after))
	}
}

// referenceWebhook is an admission.Webhook as most webhooks are written. It keeps what it saw last.
type referenceWebhook struct {
	engine  webhook.Decider
	decoder admission.Decoder
	webhook *admission.Webhook

	decoded bool
	before  []byte
	after   *corev1.Pod
}

func newReferenceWebhook(t testing.TB, engine webhook.Decider) *referenceWebhook {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	p := &referenceWebhook{engine: engine, decoder: admission.NewDecoder(scheme)}
	p.webhook = &admission.Webhook{Handler: p}
	return p
}

func (p *referenceWebhook) Handle(_ context.Context, r admission.Request) admission.Response {
	pods := r.Resource.Group == "" && r.Resource.Version == "v1" && r.Resource.Resource == "pods"
	if !pods || r.SubResource != "" || r.Operation != admissionv1.Create {
		p.decoded = true
		return admission.Allowed("")
	}
	var pod corev1.Pod
	if err := p.decoder.Decode(r, &pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	data, err := json.Marshal(&pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	var view workload.Pod
	if err := json.Unmarshal(data, &view); err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	p.decoded, p.before = true, bytes.Clone(r.Object.Raw)
	decision := p.engine.Decide(policy.Subject{Pod: &view})
	p.after = patch.ApplyToPod(&pod, &decision)
	changed, err := json.Marshal(p.after)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(r.Object.Raw, changed)
}

// decode decodes a Pod as the API machinery does.
func (p *referenceWebhook) decode(data []byte, into *corev1.Pod) error {
	return p.decoder.DecodeRaw(runtime.RawExtension{Raw: data}, into)
}

func encode(t *testing.T, pod *corev1.Pod) []byte {
	t.Helper()
	data, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheReferenceWebhookSeesTheSame(t *testing.T) {
	p := newReferenceWebhook(t, decide(eager))
	compare(t, quiet(t, decide(eager)), p, reviewOf(t, webPod(3)))
	if !p.decoded || p.after == nil || p.after.Spec.Containers[0].ReadinessProbe == nil {
		t.Error("the comparison compares nothing")
	}
	if reflect.DeepEqual(p.after.Spec, webPod(3).Spec) {
		t.Error("the typed Pod is unchanged")
	}
}
