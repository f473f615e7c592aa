package selfmanaged

import (
	"crypto/x509"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// serving waits, in the time of the bubble, until a replica is ready, and returns how long that took.
func (r *replica) untilReady(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	for r.Ready() != nil {
		if time.Since(begin) > time.Minute {
			t.Fatalf("never ready: %v", r.Ready())
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begin)
}

func TestAFreshInstallationIsTrustedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated", "rules-a", "rules-b")
		replicas := []*replica{m.run(t, testLifetimes()), m.run(t, testLifetimes()), m.run(t, testLifetimes())}
		for _, r := range replicas {
			if took := r.untilReady(t); took > time.Second {
				t.Errorf("it took %s", took)
			}
			if err := verifies(r, m.bundles()); err != nil {
				t.Error(err)
			}
		}
		if n := len(m.authorities(t)); n != 1 {
			t.Errorf("%d authorities are published", n)
		}
	})
}

func TestRecovery(t *testing.T) {
	tests := map[string]struct {
		damage func(t *testing.T, m *memory)
		// sameCA is whether the authority outlives the damage.
		sameCA bool
		// within is how long it may take until all is as it should be, the hold included.
		within time.Duration
	}{
		"an emptied Secret gets another authority": {
			damage: func(_ *testing.T, m *memory) { m.secret.Data = nil },
			within: 7 * time.Second,
		},
		"a Secret of garbage gets another authority": {
			damage: func(_ *testing.T, m *memory) {
				m.secret.Data = map[string][]byte{certificateKey: []byte("garbage"), privateKeyKey: []byte("garbage")}
			},
			within: 7 * time.Second,
		},
		"a Secret with a certificate of another key gets another authority": {
			damage: func(t *testing.T, m *memory) {
				_, data := makeCA(t, time.Now(), testLifetimes())
				m.secret.Data[certificateKey] = data[certificateKey]
			},
			within: 7 * time.Second,
		},
		"a Secret with a certificate that is no authority gets one": {
			damage: func(t *testing.T, m *memory) {
				a, data := makeCA(t, time.Now(), testLifetimes())
				l, err := a.sign([]string{"elsewhere.svc"}, time.Now(), testLifetimes())
				if err != nil {
					t.Fatal(err)
				}
				data[certificateKey] = encodeCertificates([]*x509.Certificate{l.certificate()})
				m.secret.Data = data
			},
			within: 7 * time.Second,
		},
		"an expired authority in the Secret is replaced": {
			damage: func(t *testing.T, m *memory) {
				_, data := makeCA(t, time.Now().Add(-3*time.Hour), testLifetimes())
				m.secret.Data = data
			},
			within: 7 * time.Second,
		},
		"an authority that ends soon is replaced": {
			damage: func(t *testing.T, m *memory) {
				_, data := makeCA(t, time.Now().Add(-90*time.Minute), testLifetimes())
				m.secret.Data = data
			},
			within: 12 * time.Second,
		},
		"an authority that somebody brings is taken": {
			damage: func(t *testing.T, m *memory) {
				_, data := makeCA(t, time.Now(), testLifetimes())
				m.secret.Data = data
			},
			within: 7 * time.Second,
		},
		"an emptied bundle is filled with the same authority": {
			damage: func(_ *testing.T, m *memory) { m.configurations[hooks].Webhooks[1].ClientConfig.CABundle = nil },
			sameCA: true, within: time.Second,
		},
		"all bundles emptied are filled with the same authority": {
			damage: func(_ *testing.T, m *memory) {
				for i := range m.configurations[hooks].Webhooks {
					m.configurations[hooks].Webhooks[i].ClientConfig.CABundle = nil
				}
			},
			sameCA: true, within: time.Second,
		},
		"a bundle of garbage is written anew": {
			damage: func(_ *testing.T, m *memory) {
				m.configurations[hooks].Webhooks[0].ClientConfig.CABundle = []byte("garbage")
			},
			sameCA: true, within: time.Second,
		},
		"an entry that somebody adds is filled": {
			damage: func(_ *testing.T, m *memory) {
				c := m.configurations[hooks]
				c.Webhooks = append(c.Webhooks, *c.Webhooks[0].DeepCopy())
				c.Webhooks[2].Name, c.Webhooks[2].ClientConfig.CABundle = "rules-new", nil
			},
			sameCA: true, within: time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory("annotated", "rules")
				replicas := []*replica{m.run(t, testLifetimes()), m.run(t, testLifetimes())}
				for _, r := range replicas {
					r.untilReady(t)
				}
				time.Sleep(time.Minute)
				before := m.authorities(t)[0]

				m.change(func() { test.damage(t, m) })

				time.Sleep(test.within)
				after := m.authorities(t)[0]
				if same := after.Equal(before); same != test.sameCA {
					t.Errorf("the same authority: %v, want %v", same, test.sameCA)
				}
				for _, r := range replicas {
					if err := r.Ready(); err != nil {
						t.Error(err)
					}
					if l := r.serving.Load(); !l.issuer.Equal(after) {
						t.Error("a certificate of the old authority is served")
					}
				}
			})
		})
	}
}

func TestADeletedSecret(t *testing.T) {
	t.Run("is made again where that is allowed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory("annotated")
			m.mayCreate = true
			r := m.run(t, testLifetimes())
			r.untilReady(t)
			m.change(func() { m.secret = nil })
			time.Sleep(time.Second)
			if !m.isFilled() {
				t.Error("it is not there")
			}
		})
	})
	t.Run("costs nothing while it may not be made again, and is filled when somebody puts it back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory("annotated")
			r := m.run(t, testLifetimes())
			r.untilReady(t)
			first := r.serving.Load()
			m.change(func() { m.secret = nil })
			for range 60 {
				time.Sleep(time.Minute)
				if err := r.Ready(); err != nil {
					t.Fatal(err)
				}
			}
			if r.serving.Load() == first {
				t.Error("the certificate was not renewed in an hour, with what is in memory")
			}
			m.change(func() { m.secret = &corev1.Secret{} })
			time.Sleep(time.Second)
			if !m.isFilled() {
				t.Error("it was not filled")
			}
			if err := r.Ready(); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestTheHold(t *testing.T) {
	l := testLifetimes()
	t.Run("lasts when an authority replaces another", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory("annotated")
			r := m.run(t, l)
			r.untilReady(t)
			time.Sleep(time.Minute)
			old := r.serving.Load()
			m.change(func() { m.secret.Data = nil })
			time.Sleep(l.Hold - time.Second)
			if r.serving.Load() != old {
				t.Error("the certificate was swapped before API servers can know its authority")
			}
			time.Sleep(2 * time.Second)
			if r.serving.Load() == old {
				t.Error("the certificate was not swapped after the hold")
			}
		})
	})
	t.Run("is cut short when what is served does not work any more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory("annotated")
			r := m.run(t, l)
			r.untilReady(t)
			old := r.serving.Load()
			_, data := makeCA(t, time.Now(), l)
			m.change(func() {
				m.secret.Data = data
				m.configurations[hooks].Webhooks[0].ClientConfig.CABundle = data[certificateKey]
			})
			time.Sleep(time.Second)
			if r.serving.Load() == old {
				t.Error("what no API server trusts is still served")
			}
		})
	})
	t.Run("does not keep a certificate until it ends whose authority was published a moment ago", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory("annotated")
			l := l
			l.Leaf = l.Hold + time.Second
			r := m.run(t, l)
			r.untilReady(t)
			old := r.serving.Load()
			time.Sleep(l.Leaf*2/3 + 100*time.Millisecond)
			if r.serving.Load() == old {
				t.Error("the certificate was not renewed after two thirds of its life")
			}
		})
	})
	t.Run("does not apply to a renewal by the same authority", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory("annotated")
			r := m.run(t, l)
			r.untilReady(t)
			old := r.serving.Load()
			time.Sleep(l.Leaf*2/3 + time.Second)
			if r.serving.Load() == old {
				t.Error("the certificate was not renewed after two thirds of its life")
			}
			if n := m.written(); n != 3 {
				t.Errorf("%d writes, want one of the Secret and one of the configuration, that once more: a renewal needs none", n)
			}
		})
	})
}

// The certificate that is pending when the authority changes once more is served first. Nothing happens after that which
// would wake the replica for the next one.
func TestACertificateOfAnOutdatedAuthorityIsReplacedAtOnce(t *testing.T) {
	l := testLifetimes()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		r := m.run(t, l)
		r.untilReady(t)
		time.Sleep(time.Minute)
		_, between := makeCA(t, time.Now(), l)
		last, data := makeCA(t, time.Now(), l)
		m.change(func() {
			// Another replica is ahead: it has published both.
			client := &m.configurations[hooks].Webhooks[0].ClientConfig
			client.CABundle = slices.Concat(client.CABundle, between[certificateKey], data[certificateKey])
			m.secret.Data = between
		})
		time.Sleep(l.Hold / 2)
		m.change(func() { m.secret.Data = data })
		time.Sleep(l.Hold/2 + time.Second)
		if !r.serving.Load().issuer.Equal(last.certificate) {
			t.Error("a certificate of an outdated authority is still served")
		}
	})
}

func TestThePredecessorStaysForItsTime(t *testing.T) {
	l := testLifetimes()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		a, b := m.run(t, l), m.run(t, l)
		a.untilReady(t)
		b.untilReady(t)
		m.change(func() { m.secret.Data = nil })
		time.Sleep(l.KeepPredecessor - time.Second)
		if n := len(m.authorities(t)); n != 2 {
			t.Errorf("%d authorities just before, want 2", n)
		}
		time.Sleep(resyncInterval + time.Second)
		if n := len(m.authorities(t)); n != 1 {
			t.Errorf("%d authorities afterwards, want 1", n)
		}
	})
}

func TestAQuietClusterIsNotWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated", "rules")
		l := DefaultLifetimes()
		a, b := m.run(t, l), m.run(t, l)
		a.untilReady(t)
		b.untilReady(t)
		time.Sleep(time.Minute)
		before := m.written()
		time.Sleep(6 * time.Hour)
		if n := m.written() - before; n != 0 {
			t.Errorf("%d writes in a quiet time", n)
		}
	})
}
