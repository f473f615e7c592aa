package selfmanaged

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

// age is older than everything that is kept.
const age = 400 * 24 * time.Hour

// aged is an installation with an authority that is older than every retention, and replicas that have run for days.
func aged(t *testing.T, replicas int) (*memory, []*replica) {
	t.Helper()
	m := newMemory("annotated", "rules")
	m.logTo(t)
	_, data := makeCA(t, m.now().Add(-age), DefaultLifetimes())
	m.change(func() { m.secret.Data = data })
	var all []*replica
	for range replicas {
		r := m.run(t, DefaultLifetimes())
		r.untilReady(t)
		all = append(all, r)
	}
	m.pass(72 * time.Hour)
	if n := m.written(); n != 2 {
		t.Errorf("%d writes, want one of the configuration and the same once more", n)
	}
	return m, all
}

// stays watches for some time that everything in the Secret, served, or added is published, and that every replica is
// ready.
func (m *memory) stays(t *testing.T, replicas []*replica, long time.Duration, added ...*x509.Certificate) {
	t.Helper()
	const looks = 50
	for look := range looks {
		m.pass(long / looks)
		for n, r := range replicas {
			if err := r.Ready(); err != nil {
				t.Fatalf("replica %d: %v", n, err)
			}
			if err := verifies(r, m.bundles()); err != nil {
				t.Fatalf("replica %d: %v", n, err)
			}
		}
		for _, c := range added {
			if !contains(m.authorities(t), c) {
				t.Fatalf("an authority is gone %s after it was added", time.Duration(look+1)*long/looks)
			}
		}
	}
}

func (m *memory) setBundles(all ...*x509.Certificate) {
	m.change(func() {
		for i := range m.configurations[hooks].Webhooks {
			m.configurations[hooks].Webhooks[i].ClientConfig.CABundle = encodeCertificates(all)
		}
	})
}

func TestWhatIsAppendedToAnAgedBundleIsKeptForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 2)
		const several = 5
		var added []*x509.Certificate
		for n := range several {
			added = append(added, foreignAuthority(t, m.now().Add(-time.Duration(n)*time.Hour)))
		}
		before := m.written()
		m.setBundles(append(m.authorities(t), added...)...)
		m.stays(t, replicas, 24*time.Hour-time.Minute, added[:1]...)
		if n := m.written() - before; n != 0 {
			t.Errorf("%d writes: an admin's bundle is written anew although nothing is missing", n)
		}
		m.pass(time.Hour)
		if n := len(m.authorities(t)); n != 1 {
			t.Errorf("%d authorities are published after a day, want 1", n)
		}
	})
}

func TestAReplicaThatStartsDoesNotDropWhatWasAppendedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 1)
		added := foreignAuthority(t, m.now().Add(-age))
		m.setBundles(append(m.authorities(t), added)...)
		for range 6 {
			replicas[0].stop()
			replicas[0] = m.run(t, DefaultLifetimes())
			replicas[0].untilReady(t)
			m.stays(t, replicas, 3*time.Hour, added)
		}
		// It has not seen a day itself, but knows from the API server that nothing changed.
		m.pass(7 * time.Hour)
		if n := len(m.authorities(t)); n != 1 {
			t.Errorf("%d authorities are published after 25 hours, want 1", n)
		}
	})
}

func TestAMoveToAnAdminsAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 2)
		admins := foreignAuthority(t, m.now())
		m.setBundles(append(m.authorities(t), admins)...)
		m.stays(t, replicas, time.Minute, admins)
		// Helm takes the permissions away; old replicas serve to the end.
		m.change(func() { m.down = true })
		m.stays(t, replicas, time.Hour, admins)
	})
}

func TestARestoredSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 3)
		backup := m.secret.Data
		m.change(func() { m.secret.Data = nil })
		m.stays(t, replicas, 72*time.Hour)
		inForce := m.authorities(t)
		if len(inForce) != 1 {
			t.Fatalf("%d authorities are published three days after a rotation", len(inForce))
		}
		m.change(func() { m.secret.Data = backup })
		m.stays(t, replicas, time.Minute, inForce...)
		restored := parseCertificates(backup[certificateKey])[0]
		for _, r := range replicas {
			if !r.serving.Load().issuer.Equal(restored) {
				t.Error("what the restored authority signed is not served after a minute")
			}
		}
		m.stays(t, replicas, 23*time.Hour, inForce...)
		m.pass(2 * time.Hour)
		if got := m.authorities(t); len(got) != 1 || !got[0].Equal(restored) {
			t.Errorf("%d authorities are published a day later, want the restored one", len(got))
		}
	})
}

// TestSecretsRestoredOneAfterTheOther goes back and forth faster than anything settles.
func TestSecretsRestoredOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 3)
		backups := []map[string][]byte{m.secret.Data}
		for range 3 {
			_, data := makeCA(t, m.now().Add(-age), DefaultLifetimes())
			backups = append(backups, data)
		}
		for n := range 12 {
			m.change(func() { m.secret.Data = backups[(n+1)%len(backups)] })
			m.stays(t, replicas, time.Duration(n)*time.Second)
		}
		m.stays(t, replicas, time.Hour)
	})
}

func TestAWholeBackupIsRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 2)
		backup, bundle := m.secret.Data, m.authorities(t)
		m.change(func() { m.secret.Data = nil })
		m.stays(t, replicas, 72*time.Hour)
		m.change(func() { m.secret.Data = backup })
		m.setBundles(bundle...)
		time.Sleep(time.Second)
		m.stays(t, replicas, time.Minute)
	})
}

func TestAnAuthorityThatComesBackIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 2)
		other := foreignAuthority(t, m.now().Add(-age))
		comesBack := 0
		for range 12 {
			if all := m.authorities(t); !contains(all, other) {
				m.setBundles(append(all, other)...)
				comesBack++
			}
			m.stays(t, replicas, 24*time.Hour)
		}
		// The first time, and once after each of the two replicas dropped it.
		if comesBack > 3 {
			t.Errorf("it was dropped %d times in 12 days", comesBack)
		}
	})
}

// TestTwoInstallations has two Services on one configuration: it is applied for one and for the other in turn, as two
// GitOps applications do.
func TestTwoInstallations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, replicas := aged(t, 2)
		for _, service := range []string{"other", "probe-injector", "other"} {
			m.change(func() {
				for i := range m.configurations[hooks].Webhooks {
					c := &m.configurations[hooks].Webhooks[i].ClientConfig
					c.Service = calls(service).Service
				}
			})
			others := foreignAuthority(t, m.now())
			before := m.written()
			if service == "other" {
				m.setBundles(others)
			}
			time.Sleep(time.Second)
			m.stays(t, replicas, 48*time.Hour)
			if n := m.written() - before; n > 4 {
				t.Errorf("%d writes in two days, want two of the configuration, each once more", n)
			}
			if service == "other" && !contains(parseCertificates(m.configurations[hooks].Webhooks[0].ClientConfig.CABundle), others) {
				t.Error("the bundle of another Service was written")
			}
		}
	})
}

func TestEntriesOfAnotherServiceAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated", "rules")
		others := encodeCertificates(of(foreignAuthority(t, m.now())))
		m.change(func() {
			c := m.configurations[hooks]
			c.Webhooks = append(c.Webhooks,
				admissionregistrationv1.MutatingWebhook{Name: "other", ClientConfig: calls("other")},
				admissionregistrationv1.MutatingWebhook{Name: "url", ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: new("https://other.example/"), CABundle: others}},
				admissionregistrationv1.MutatingWebhook{Name: "nobody"},
			)
		})
		r := m.run(t, DefaultLifetimes())
		r.untilReady(t)
		time.Sleep(time.Minute)
		var all []admissionregistrationv1.MutatingWebhook
		m.look(func() { all = m.configurations[hooks].Webhooks })
		for _, w := range all[:2] {
			if len(w.ClientConfig.CABundle) == 0 {
				t.Errorf("%s has no bundle", w.Name)
			}
		}
		for n, want := range [][]byte{nil, others, nil} {
			if w := all[2+n]; !bytes.Equal(w.ClientConfig.CABundle, want) {
				t.Errorf("the bundle of %s is %q", w.Name, w.ClientConfig.CABundle)
			}
		}
	})
}

// TestSomebodyUndoesEveryWrite empties the bundles as fast as they are filled.
func TestSomebodyUndoesEveryWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := newMemory("annotated")
		m.logger = slog.New(slog.NewTextHandler(&log, nil))
		r := m.run(t, DefaultLifetimes())
		r.untilReady(t)
		before := m.written()
		for range 60 * 60 {
			m.setBundles()
			time.Sleep(time.Second)
		}
		r.stop()
		if n, most := m.written()-before, writeBurst+int(time.Hour/writeInterval)+1; n > most {
			t.Errorf("%d writes in an hour, want at most %d", n, most)
		}
		if n := strings.Count(log.String(), "\n"); n > 100 {
			t.Errorf("%d lines in an hour:\n%s", n, log.String())
		}
		if !strings.Contains(log.String(), "somebody else keeps changing an object") {
			t.Errorf("the log does not say what happens:\n%s", log.String())
		}
	})
}

func TestTheKillSwitch(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (*memory, []*replica){
		"replicas that have run for days": func(t *testing.T) (*memory, []*replica) { return aged(t, 2) },
		"a replica that starts while it is on": func(t *testing.T) (*memory, []*replica) {
			m := newMemory("annotated")
			kept := m.configurations[hooks]
			m.change(func() { delete(m.configurations, hooks) })
			r := m.run(t, DefaultLifetimes())
			r.untilReady(t)
			m.change(func() { m.configurations[hooks] = kept })
			time.Sleep(time.Second)
			return m, []*replica{r}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, replicas := start(t)
				var kept *admissionregistrationv1.MutatingWebhookConfiguration
				m.change(func() {
					kept = m.configurations[hooks]
					delete(m.configurations, hooks)
				})
				first := replicas[0].serving.Load()
				m.stays(t, replicas, 60*24*time.Hour)
				if replicas[0].serving.Load() == first {
					t.Error("the certificate was not renewed in 60 days")
				}
				for i := range kept.Webhooks {
					kept.Webhooks[i].ClientConfig.CABundle = nil
				}
				m.change(func() { m.configurations[hooks] = kept })
				time.Sleep(time.Second)
				m.stays(t, replicas, time.Hour)
			})
		})
	}
}

func TestAConfigurationThatCannotBeReadIsNoKillSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		m.change(func() { m.down = true })
		r := m.run(t, DefaultLifetimes())
		time.Sleep(time.Minute)
		if err := r.Ready(); err == nil {
			t.Error("it is ready")
		}
		if _, err := r.GetCertificate(nil); err == nil {
			t.Error("a certificate is served that nobody can trust")
		}
	})
}

// TestClocksThatAreWrong has replicas whose clocks differ from that of the API servers, an authority that was made by one
// of them, or long ago.
func TestClocksThatAreWrong(t *testing.T) {
	for _, off := range []time.Duration{-2 * time.Hour, -time.Hour, time.Hour, 2 * time.Hour} {
		for _, isAged := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, an aged authority: %v", off, isAged), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { liveWithAWrongClock(t, off, isAged) })
			})
		}
	}
}

func liveWithAWrongClock(t *testing.T, off time.Duration, isAged bool) {
	t.Helper()
	m := newMemory("annotated", "rules")
	m.logTo(t)
	if isAged {
		_, data := makeCA(t, m.now().Add(-age), DefaultLifetimes())
		m.change(func() { m.secret.Data = data })
	}
	wrong := m.runAt(t, DefaultLifetimes(), func() time.Time { return m.now().Add(off) })
	wrong.untilReady(t)
	right := m.run(t, DefaultLifetimes())
	right.untilReady(t)
	replicas := []*replica{wrong, right}
	m.stays(t, replicas, time.Hour)
	if n := m.written(); n > 3 {
		t.Errorf("%d writes, want one of the Secret and one of the configuration, that once more", n)
	}
	m.change(func() { m.secret.Data = nil })
	m.stays(t, replicas, 25*24*time.Hour)
	if n := m.written(); n > 8 {
		t.Errorf("%d writes, want two of the Secret and three of the configuration, those once more", n)
	}
	if n := len(m.authorities(t)); n != 1 {
		t.Errorf("%d authorities are published", n)
	}
}
