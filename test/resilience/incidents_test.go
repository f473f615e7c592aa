package resilience

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// authoritySecret is where the chart keeps the certificate authority.
const authoritySecret = "probe-injector-authority"

// incident is what somebody does to the objects that hold our certificates.
type incident struct {
	happen func(*testing.T, *release)
	// says is what a server's log has to say about it.
	says string
	// untrusted says that the API server is told to trust nothing of ours, so that no server can be called until that is
	// repaired. In all other cases nothing may be lost.
	untrusted bool
}

// secretBecomes is the incident in which the Secret gets other data.
func secretBecomes(data func(*testing.T) map[string][]byte) func(*testing.T, *release) {
	return func(t *testing.T, r *release) {
		t.Helper()
		secrets := r.Client().CoreV1().Secrets(r.plan.namespace)
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			secret, err := secrets.Get(t.Context(), authoritySecret, metav1.GetOptions{})
			if err != nil {
				return err
			}
			secret.Data = data(t)
			_, err = secrets.Update(t.Context(), secret, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func incidents() map[string]incident {
	const replaced = "a new certificate authority is in the Secret"
	return map[string]incident{
		"the authority is near its end": {
			happen: secretBecomes(forgery{from: -time.Hour, to: 10 * time.Minute, isAuthority: true}.secret),
			says:   replaced,
		},
		"the authority has expired": {
			happen: secretBecomes(forgery{from: -2 * time.Hour, to: -time.Hour, isAuthority: true}.secret),
			says:   replaced,
		},
		"the authority is not valid yet": {
			happen: secretBecomes(forgery{from: time.Hour, to: 1000 * time.Hour, isAuthority: true}.secret),
			says:   replaced,
		},
		"the authority may sign for other names only": {
			happen: secretBecomes(forgery{from: -time.Hour, to: 1000 * time.Hour, isAuthority: true, permitted: []string{"other.example"}}.secret),
			says:   replaced,
		},
		"the certificate is no authority": {
			happen: secretBecomes(forgery{from: -time.Hour, to: 1000 * time.Hour}.secret),
			says:   replaced,
		},
		"the Secret is corrupted": {
			happen: secretBecomes(func(*testing.T) map[string][]byte {
				return map[string][]byte{"ca.crt": []byte("none"), "ca.key": []byte("neither")}
			}),
			says: replaced,
		},
		"the Secret is emptied": {
			happen: secretBecomes(func(*testing.T) map[string][]byte { return nil }),
			says:   replaced,
		},
		"the Secret is deleted": {
			happen: func(t *testing.T, r *release) { r.deleteSecret(t) },
			says:   "the Secret was missing and is made again",
		},
		"the bundles are wiped by applying the manifests again": {
			happen:    func(t *testing.T, r *release) { r.upgrade(t) },
			says:      "certificate authorities were published",
			untrusted: true,
		},
		"the bundle of one entry is a stranger's": {
			happen: func(t *testing.T, r *release) {
				r.publishBundle(t, forgery{from: -time.Hour, to: time.Hour, isAuthority: true}.secret(t)["ca.crt"])
			},
			says:      "certificate authorities were published",
			untrusted: true,
		},
	}
}

// TestIncidents lets things happen to the certificates that the servers make for themselves.
func TestIncidents(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	t.Run("whatever happens to the objects is repaired", func(t *testing.T) { c.repaired(t, "repaired", nil) })
	t.Run("so it is with an aged authority", func(t *testing.T) { c.repaired(t, "repaired-aged", agedAuthority()) })
	t.Run("a deleted Secret is lived with until the chart is applied again", c.livedWith)
	t.Run("a server that slept past the end of its certificate renews it", c.slept)
}

// repaired lets everything happen to the Secret and to the configuration, one after
// the other, while Pods are created. Nobody helps.
func (c *cluster) repaired(t *testing.T, namespace string, authority *forgery) {
	// In the full form, a new authority is held as long as in a cluster.
	r := c.install(t, plan{
		namespace: namespace, timeoutSeconds: patience, selfManaged: true, authority: authority, replicas: 2, values: "rbac: {recreateSecret: true}",
		fault: either(t, "hold:2s", ""),
	})
	for name, incident := range incidents() {
		if !t.Run(name, func(t *testing.T) { r.survives(t, name, incident) }) {
			// Nothing could be said of the others.
			break
		}
	}
}

// survives lets an incident happen and waits until everything is as it should be.
func (r *release) survives(t *testing.T, name string, incident incident) {
	r.eventuallyHealthy(t)
	logs := r.logs(t)
	load := r.load(t, asking())
	var newReplica *newReplica
	if !incident.untrusted {
		newReplica = r.newReplica(t)
	}
	sleepUntil(t, time.Now().Add(600*time.Millisecond))

	incident.happen(t, r)
	repaired := r.eventuallyHealthy(t)
	sleepUntil(t, time.Now().Add(600*time.Millisecond))
	outcome := load.end()

	figure(t, "%s: repaired after %v; %v", name, repaired.Round(time.Millisecond), outcome)
	outcome.nothingRefused(t)
	if !incident.untrusted {
		outcome.nothingLost(t, 0)
		_, refused := newReplica.end()
		for _, why := range refused {
			t.Errorf("a certificate was served that is not trusted: %s", why)
		}
	}
	if strings.Count(r.logs(t), incident.says) == strings.Count(logs, incident.says) {
		t.Errorf("no log says %q", incident.says)
	}
}

// eventuallyHealthy waits until everything is as it should be, and returns how long that took.
func (r *release) eventuallyHealthy(t *testing.T) time.Duration {
	t.Helper()
	return eventually(t, "everything is repaired", func() error { return r.healthy(t) })
}

// healthy returns what is not as it should be: the Secret has an authority that lasts, every entry trusts it, every
// server is ready and serves what that authority signed, and a Pod gets its probes.
func (r *release) healthy(t *testing.T) error {
	t.Helper()
	secret, err := r.Client().CoreV1().Secrets(r.plan.namespace).Get(t.Context(), authoritySecret, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := lasts(string(secret.Data["ca.crt"])); err != nil {
		return fmt.Errorf("the authority in the Secret: %w", err)
	}
	bundles, err := r.bundles(t.Context())
	if err != nil {
		return err
	}
	for _, s := range r.running() {
		if err := s.Ready(t.Context()); err != nil {
			return err
		}
		for _, bundle := range append(bundles, string(secret.Data["ca.crt"])) {
			if _, err := r.handshake(t.Context(), s.Address(), bundle); err != nil {
				return err
			}
		}
	}
	if a := r.attempt(t.Context(), asking()); a.err != nil {
		return a.err
	} else if a.isMissed() {
		return errors.New("a Pod got no probes")
	}
	return nil
}

// lasts returns an error unless what is PEM begins with a certificate that is valid now and a day from now.
func lasts(bundle string) error {
	block, _ := pem.Decode([]byte(bundle))
	if block == nil {
		return errors.New("it is no certificate")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	if now := time.Now(); now.Before(certificate.NotBefore) || now.Add(24*time.Hour).After(certificate.NotAfter) {
		return fmt.Errorf("it is valid from %v to %v", certificate.NotBefore, certificate.NotAfter)
	}
	return nil
}

// logs are the logs of all servers that run.
func (r *release) logs(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, s := range r.running() {
		all.WriteString(s.Process().LogTail(math.MaxInt))
	}
	return all.String()
}

func (r *release) deleteSecret(t *testing.T) {
	t.Helper()
	if err := r.Client().CoreV1().Secrets(r.plan.namespace).Delete(t.Context(), authoritySecret, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// publishBundle replaces the bundle of the first entry.
func (r *release) publishBundle(t *testing.T, bundle []byte) {
	t.Helper()
	r.change(t, func(present *admissionregistrationv1.MutatingWebhookConfiguration) {
		present.Webhooks[0].ClientConfig.CABundle = bundle
	})
}

// livedWith deletes the Secret where the chart's default RBAC does not let
// the servers create one: they go on with what they know, and say so.
func (c *cluster) livedWith(t *testing.T) {
	r := c.install(t, plan{namespace: "lived-with", timeoutSeconds: patience, selfManaged: true, replicas: 2, fault: either(t, "hold:2s", "")})
	load, newReplica := c.load(t, asking()), r.newReplica(t)

	r.deleteSecret(t)
	eventually(t, "a server says what is missing", func() error {
		if !strings.Contains(r.logs(t), "put it back, empty, by applying the chart again") {
			return errors.New("no log does")
		}
		return nil
	})
	sleepUntil(t, time.Now().Add(either(t, 2*time.Second, 30*time.Second)))
	for _, s := range r.running() {
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("a server is not ready any more: %v", err)
		}
	}
	if err := r.create(t.Context(), r.rendersSecret(t)); err != nil {
		t.Fatal(err)
	}
	applied := r.eventuallyHealthy(t)
	r.rotated(t, fmt.Sprintf("Secret deleted, lived with, and applied again: repaired %v after that", applied.Round(time.Millisecond)), load, newReplica)
}

// rendersSecret is the Secret as the chart has it: empty.
func (r *release) rendersSecret(t *testing.T) chart.Object {
	t.Helper()
	objects, err := r.rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.Kind == "Secret" && object.Name == authoritySecret {
			return object
		}
	}
	t.Fatalf("the chart renders no Secret %s", authoritySecret)
	return chart.Object{}
}

// slept freezes a server until its certificate has expired, as a
// suspended virtual machine does.
func (c *cluster) slept(t *testing.T) {
	r := c.install(t, plan{namespace: "slept", selfManaged: true, fault: "leaf-lifetime:4s"})
	s := r.running()[0]
	if err := s.Process().Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	sleepUntil(t, time.Now().Add(6*time.Second))
	if err := s.Process().Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	figure(t, "certificate expired in its sleep: repaired after %v", r.eventuallyHealthy(t).Round(time.Millisecond))
	if log := r.logs(t); strings.Count(log, "a new certificate is served") < 2 {
		t.Error("the log says nothing of a new certificate")
	}
}
