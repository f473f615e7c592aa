package resilience

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

const (
	day = 24 * time.Hour
	// runningFor is how long servers seem to have run when things happen to them: longer than anything is kept.
	runningFor = 3 * day
)

// settling is how long the load goes on after the last change. In the full form that is more than servers wait before they
// look by themselves.
func settling(t *testing.T) time.Duration {
	t.Helper()
	return either(t, 4*time.Second, 12*time.Second)
}

// agedAuthority is one that a server has made more than a year ago.
func agedAuthority() *forgery { return &forgery{from: -400 * day, to: 3000 * day, isAuthority: true} }

// TestAgedAuthorities lets everything happen to installations whose authority is older than whatever is kept, and whose
// servers have run for days by their clocks.
func TestAgedAuthorities(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	t.Run("a move to a certificate of the admin's", c.movedToExistingSecret)
	t.Run("an authority is appended to the bundle", c.appended)
	t.Run("the Secret is restored from a backup", c.restored)
	t.Run("two installations on one configuration", c.twoInstallations)
	t.Run("the configuration is deleted", c.killSwitch)
	t.Run("clocks that are wrong", c.wrongClocks)
}

// clock is a file by which the clocks of servers are set.
type clock string

func newClock(t *testing.T, ahead time.Duration) clock {
	t.Helper()
	c := clock(filepath.Join(t.TempDir(), "clock"))
	c.set(t, ahead)
	return c
}

func (c clock) set(t *testing.T, ahead time.Duration) {
	t.Helper()
	if err := os.WriteFile(string(c)+".new", []byte(ahead.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(string(c)+".new", string(c)); err != nil {
		t.Fatal(err)
	}
}

func (c clock) fault() string { return "clock:" + string(c) }

// installAged installs a release with an aged authority and lets its servers have run for days.
func (c *cluster) installAged(t *testing.T, namespace string) (r *release, now clock) {
	t.Helper()
	now = newClock(t, 0)
	r = c.install(t, plan{
		namespace: namespace, timeoutSeconds: patience, selfManaged: true, authority: agedAuthority(), replicas: 2,
		drain: either(t, 5*time.Second, 0), fault: now.fault(),
	})
	now.set(t, runningFor)
	return r, now
}

// movedToExistingSecret takes the two steps of docs/tls.md, with the rollout in between.
func (c *cluster) movedToExistingSecret(t *testing.T) {
	r, _ := c.installAged(t, "moved")
	admins, err := certificate.NewAuthority("an admin's")
	if err != nil {
		t.Fatal(err)
	}
	next := r.inModeFiles(t, admins)
	load, before := c.load(t, asking()), r.newReplica(t)

	r.publishEverywhere(t, append(r.inForce(t), admins.PEM()...))
	next.startAll(t)
	after := next.newReplica(t)
	r.takePermissions(t)
	sleepUntil(t, time.Now().Add(withdrawal))
	for _, s := range r.running() {
		r.retireLater(t, s)
	}
	r.settle(t)
	_, refused := before.end()
	next.publishEverywhere(t, admins.PEM())
	sleepUntil(t, time.Now().Add(settling(t)))
	if got := next.inForce(t); !bytes.Equal(got, admins.PEM()) {
		t.Errorf("the bundle is %q, not the admin's", got)
	}
	for _, why := range append(refused, r.refusedHandshakes(t)...) {
		t.Errorf("a certificate was refused: %s", why)
	}
	next.rotated(t, "aged self-managed to existing-secret", load, after)
}

// inModeFiles is the same release as after an upgrade to certificates from files.
func (r *release) inModeFiles(t *testing.T, authority *certificate.Authority) *release {
	t.Helper()
	next := &release{cluster: r.cluster, logged: r.logged}
	next.plan = plan{namespace: r.plan.namespace, timeoutSeconds: r.plan.timeoutSeconds, replicas: r.plan.replicas, drain: r.plan.drain}
	next.options = server.Options{Program: r.options.Program, Host: r.host, Authority: authority}
	next.render(t, "")
	t.Cleanup(func() { next.end(t) })
	return next
}

// publishEverywhere replaces the bundles of all entries, as an upgrade with tls.existingSecret.caBundle does.
func (r *release) publishEverywhere(t *testing.T, bundle []byte) {
	t.Helper()
	r.change(t, func(present *admissionregistrationv1.MutatingWebhookConfiguration) {
		for n := range present.Webhooks {
			present.Webhooks[n].ClientConfig.CABundle = bundle
		}
	})
}

// inForce is what the first entry trusts, PEM.
func (r *release) inForce(t *testing.T) []byte {
	t.Helper()
	bundles, err := r.bundles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return []byte(bundles[0])
}

// takePermissions deletes what allows servers to write, as Helm does when a mode needs no permissions.
func (r *release) takePermissions(t *testing.T) {
	t.Helper()
	objects, err := r.rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		resource := resources()[object.Kind]
		if resource.Group != "rbac.authorization.k8s.io" {
			continue
		}
		namespace := ""
		if !strings.HasPrefix(object.Kind, "Cluster") {
			namespace = r.plan.namespace
		}
		if err := r.objects.Resource(resource).Namespace(namespace).Delete(t.Context(), object.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// appended adds authorities to the bundle that nobody uses yet, and replaces the servers.
func (c *cluster) appended(t *testing.T) {
	r, clock := c.installAged(t, "appended")
	load, newReplica := c.load(t, asking()), r.newReplica(t)
	want := r.inForce(t)
	for n := range 4 {
		admins, err := certificate.NewAuthority(fmt.Sprintf("an admin's, %d", n))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, admins.PEM()...)
	}
	r.publishEverywhere(t, want)
	sleepUntil(t, time.Now().Add(settling(t)))
	// New servers take it from the API server when the bundle changed, whose clock is right.
	clock.set(t, 0)
	r.restart(t)
	r.settle(t)
	sleepUntil(t, time.Now().Add(settling(t)))
	if got := r.inForce(t); !bytes.Equal(got, want) {
		t.Errorf("of %d authorities %d are left", bytes.Count(want, []byte("BEGIN")), bytes.Count(got, []byte("BEGIN")))
	}
	r.rotated(t, "authorities appended to an aged bundle", load, newReplica)
}

// restored replaces an aged authority, lets days pass, and puts the first one back.
func (c *cluster) restored(t *testing.T) {
	clock := newClock(t, 0)
	r := c.install(t, plan{
		namespace: "restored", timeoutSeconds: patience, selfManaged: true, authority: agedAuthority(), replicas: 3, fault: clock.fault(),
	})
	load, newReplica := c.load(t, asking()), r.newReplica(t)
	backup := r.secret(t)
	secretBecomes(func(*testing.T) map[string][]byte { return nil })(t, r)
	r.untilServed(t, func() []byte { return r.secret(t)["ca.crt"] })
	clock.set(t, runningFor)
	eventually(t, "the authority before is not published any more", func() error {
		if bytes.Contains(r.inForce(t), backup["ca.crt"]) {
			return errors.New("it still is")
		}
		return nil
	})
	replaced := r.secret(t)["ca.crt"]
	secretBecomes(func(*testing.T) map[string][]byte { return backup })(t, r)
	r.untilServed(t, func() []byte { return backup["ca.crt"] })
	sleepUntil(t, time.Now().Add(settling(t)))
	if !bytes.Contains(r.inForce(t), replaced) {
		t.Error("the authority that was in force until the backup was restored is not published any more")
	}
	r.rotated(t, "Secret restored from an aged backup", load, newReplica)
}

// secret is what the Secret of the authority has.
func (r *release) secret(t *testing.T) map[string][]byte {
	t.Helper()
	secret, err := r.Client().CoreV1().Secrets(r.plan.namespace).Get(t.Context(), authoritySecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Data
}

// untilServed waits until every server serves what an authority signed.
func (r *release) untilServed(t *testing.T, authority func() []byte) {
	t.Helper()
	eventually(t, "all servers serve what the authority signed", func() error {
		block, _ := pem.Decode(authority())
		if block == nil {
			return errors.New("there is no authority")
		}
		signer, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		bundle := string(r.inForce(t))
		for _, s := range r.running() {
			leaf, err := r.handshake(t.Context(), s.Address(), bundle)
			if err != nil {
				return err
			}
			if !bytes.Equal(leaf.AuthorityKeyId, signer.SubjectKeyId) {
				return errors.New("a server serves what another authority signed")
			}
		}
		return nil
	})
}

// killSwitch deletes the configuration, as docs/operations.md says who wants the webhook off at once, and applies it again.
func (c *cluster) killSwitch(t *testing.T) {
	r, _ := c.installAged(t, "switched-off")
	r.unregister(t)
	eventually(t, "a log says that nobody calls the webhook", func() error {
		if !strings.Contains(r.logs(t), "no entry of the webhook configurations calls this Service") {
			return errors.New("none does")
		}
		return nil
	})
	fresh := r.startAnother(t)
	sleepUntil(t, time.Now().Add(settling(t)))
	for _, s := range r.running() {
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("a server is not ready: %v", err)
		}
		if trusted := counted(t, s, "probe_injector_certificate_trusted", nil); trusted != 1 {
			t.Errorf("trusted is %v, which is an alert", trusted)
		}
		if entries := counted(t, s, "probe_injector_webhook_entries", nil); entries != 0 {
			t.Errorf("%v entries are counted", entries)
		}
	}
	objects, err := r.rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if strings.HasSuffix(object.Kind, "WebhookConfiguration") {
			if err := r.create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
	}
	figure(t, "configuration deleted and applied again: Pods get their probes after %v", r.works(t).Round(time.Millisecond))
	if entries := counted(t, fresh, "probe_injector_webhook_entries", nil); entries == 0 {
		t.Error("no entries are counted")
	}
}

// wrongClocks has a server whose clock is two hours fast, one whose clock is two hours slow, and one whose clock is
// right. The authority is an aged one, or was made by the fast one.
func (c *cluster) wrongClocks(t *testing.T) {
	for name, authority := range map[string]*forgery{"an aged authority": agedAuthority(), "an authority made by the fast one": nil} {
		t.Run(name, func(t *testing.T) {
			r := c.install(t, plan{
				namespace: fmt.Sprintf("clocks-%t", authority != nil), timeoutSeconds: patience, selfManaged: true, authority: authority,
				drain: either(t, 5*time.Second, 0), fault: newClock(t, 2*time.Hour).fault(),
			})
			load, newReplica := c.load(t, asking()), r.newReplica(t)
			for _, ahead := range []time.Duration{-2 * time.Hour, 0} {
				r.options.Fault = newClock(t, ahead).fault()
				r.startAnother(t)
			}
			secretBecomes(func(*testing.T) map[string][]byte { return nil })(t, r)
			r.untilServed(t, func() []byte { return r.secret(t)["ca.crt"] })
			sleepUntil(t, time.Now().Add(settling(t)))
			r.rotated(t, "clocks two hours fast, two hours slow and right, with "+name, load, newReplica)
		})
	}
}
