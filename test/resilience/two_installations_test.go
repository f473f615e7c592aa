package resilience

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// twoInstallations applies the manifests of a second installation over the configuration of the first, and then those of
// the first again. When a configuration changes hands, the API server cannot trust its new owner before that has written.
func (c *cluster) twoInstallations(t *testing.T) {
	first, _ := c.installAged(t, "first")
	second := c.prepare(t, plan{
		namespace: "second", timeoutSeconds: patience, selfManaged: true, authority: agedAuthority(), replicas: 2,
		drain: first.plan.drain, fault: first.plan.fault,
	})
	second.applyBesideAnother(t)
	second.startAll(t)
	for _, turn := range []struct {
		owner *release
		// writes are one that publishes the owner's authority and the same once more; none if it is still published.
		writes int64
	}{{second, 2}, {first, 0}, {second, 0}} {
		owner, before := turn.owner, turn.owner.generation(t)
		reviews := owner.counted(t, "probe_injector_reviews_total", nil)
		owner.takesOver(t)
		// That a Pod has its probes does not show it: the API server may not know of the new owner yet, and call the other.
		eventually(t, "the new owner answers", func() error {
			a := owner.attempt(t.Context(), asking())
			if a.err != nil {
				return a.err
			}
			if !a.probed || owner.counted(t, "probe_injector_reviews_total", nil) == reviews {
				return fmt.Errorf("it does not; the API server says: %v", owner.failures())
			}
			return nil
		})
		second.logged = len(c.log())
		load, newReplica := c.load(t, asking()), owner.newReplica(t)
		eventually(t, "the authority is published", func() error {
			if n := owner.generation(t) - before; n < 1+turn.writes {
				return fmt.Errorf("the configuration was changed %d times", n)
			}
			return nil
		})
		sleepUntil(t, time.Now().Add(settling(t)))
		for _, s := range slices.Concat(first.running(), second.running()) {
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("a server is not ready: %v", err)
			}
		}
		writes := owner.generation(t) - before - 1
		figure(t, "two aged installations on one configuration, %s the owner: %d writes", owner.plan.namespace, writes)
		if writes != turn.writes {
			t.Errorf("%d writes, want %d", writes, turn.writes)
		}
		outcome := load.end()
		outcome.nothingLost(t, 0)
		_, refused := newReplica.end()
		for _, why := range refused {
			t.Errorf("a certificate was refused: %s", why)
		}
		if failures := c.failures(second.logged); len(failures) != 0 {
			t.Errorf("the API server could not call the webhook: %v", failures)
		}
	}
}

// applyBesideAnother creates all objects but the configurations, which are there already.
func (r *release) applyBesideAnother(t *testing.T) {
	t.Helper()
	objects, err := r.rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if strings.HasSuffix(object.Kind, "WebhookConfiguration") {
			continue
		}
		if err := r.create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	secretBecomes(r.plan.authority.secret)(t, r)
	if r.options.Kubeconfig, err = r.writeKubeconfig(t); err != nil {
		t.Fatal(err)
	}
}

// takesOver applies the configuration of a release over that of another, as kubectl apply does: the bundle, which is not
// in the manifest, stays.
func (r *release) takesOver(t *testing.T) {
	t.Helper()
	rendered, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	r.change(t, func(present *admissionregistrationv1.MutatingWebhookConfiguration) {
		for n := range present.Webhooks {
			bundle := present.Webhooks[n].ClientConfig.CABundle
			present.Webhooks[n] = *rendered.Webhooks[n].DeepCopy()
			present.Webhooks[n].ClientConfig.CABundle = bundle
		}
	})
}

// generation counts the changes of the webhook configuration.
func (r *release) generation(t *testing.T) int64 {
	t.Helper()
	return r.configuration(t.Context(), t).Generation
}

func (r *release) configuration(ctx context.Context, t *testing.T) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	rendered, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	present, err := r.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, rendered.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return present
}
