package selfmanaged

import (
	"testing"
	"testing/synctest"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// entryNames are the entries of the configurations in these tests.
func entryNames() []string { return []string{"a.probe-injector.dev", "b.probe-injector.dev"} }

func mutatingConfiguration(name string) *admissionregistrationv1.MutatingWebhookConfiguration {
	c := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, entry := range entryNames() {
		c.Webhooks = append(c.Webhooks, admissionregistrationv1.MutatingWebhook{
			Name:                    entry,
			ClientConfig:            callsUs(),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		})
	}
	return c
}

func validatingConfiguration(name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	c := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, entry := range entryNames() {
		c.Webhooks = append(c.Webhooks, admissionregistrationv1.ValidatingWebhook{
			Name:                    entry,
			ClientConfig:            callsUs(),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		})
	}
	return c
}

func TestAConfigurationOfAnotherKindIsNotRead(t *testing.T) {
	for kind, object := range map[*configurationKind]any{
		mutating:   &admissionregistrationv1.ValidatingWebhookConfiguration{},
		validating: &admissionregistrationv1.MutatingWebhookConfiguration{},
	} {
		if c, err := kind.read(object); err == nil {
			t.Errorf("%s reads a %T as %+v", kind.name, object, c)
		}
	}
}

func TestEveryKindIsPublishedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		m.preflight = validatingConfiguration(hooks)
		r := m.run(t, testLifetimes())
		r.untilReady(t)
		if err := verifies(r, m.bundles()); err != nil {
			t.Error(err)
		}
		if n := len(m.authorities(t)); n != 1 {
			t.Errorf("%d authorities are published", n)
		}
		m.change(func() { m.preflight.Webhooks[1].ClientConfig.CABundle = nil })
		time.Sleep(time.Second)
		m.authorities(t)
		m.change(func() { m.preflight = nil })
		time.Sleep(time.Second)
		if err := r.Ready(); err != nil {
			t.Errorf("ready says %v without one of the configurations", err)
		}
	})
}
