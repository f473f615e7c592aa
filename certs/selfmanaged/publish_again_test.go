package selfmanaged

import (
	"bytes"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnAPIServerThatKeptTheVersionBeforeGetsAnother: an API server may keep what it made of a configuration as it was before a
// bundle was published in it, until the next change; see publishAgain.
func TestAnAPIServerThatKeptTheVersionBeforeGetsAnother(t *testing.T) {
	for name, happens := range map[string]func(t *testing.T, m *memory){
		"after an installation": func(*testing.T, *memory) {},
		"after somebody emptied the bundles": func(_ *testing.T, m *memory) {
			time.Sleep(time.Minute)
			m.change(func() {
				for i := range m.preflight.Webhooks {
					m.preflight.Webhooks[i].ClientConfig.CABundle = nil
				}
			})
			m.setBundles()
		},
		"after the configuration was taken over from another installation": func(t *testing.T, m *memory) {
			time.Sleep(time.Minute)
			m.setBundles(foreignAuthority(t, m.now()))
		},
		"after a rotation": func(_ *testing.T, m *memory) {
			time.Sleep(time.Minute)
			m.change(func() { m.secret.Data = nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory("annotated", "rules")
				m.preflight = validatingConfiguration(hooks)
				a, b := m.run(t, testLifetimes()), m.run(t, testLifetimes())
				a.untilReady(t)
				b.untilReady(t)
				happens(t, m)
				time.Sleep(time.Second)
				first, writes := m.bundles(), m.written()

				time.Sleep(publishAgainAfter - 2*time.Second)
				if n := m.written() - writes; n != 0 {
					t.Errorf("%d writes too early", n)
				}
				time.Sleep(2 * time.Second)
				if n := m.written() - writes; n != 2 {
					t.Errorf("%d writes, want one of each configuration", n)
				}
				for n, again := range m.bundles() {
					if bytes.Equal(again, first[n]) {
						t.Error("a bundle has not changed, so that the API server makes no new version")
					}
					if !areSame(parseCertificates(again), parseCertificates(first[n])) {
						t.Error("other authorities are published than before")
					}
				}
				for _, r := range []*replica{a, b} {
					if err := verifies(r, m.bundles()); err != nil {
						t.Error(err)
					}
				}
				writes = m.written()
				time.Sleep(testLifetimes().KeepPredecessor / 2)
				if n := m.written() - writes; n != 0 {
					t.Errorf("%d writes later", n)
				}
			})
		})
	}
}

func TestWhatSomebodyElseWroteIsNotPublishedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated", "rules")
		m.run(t, testLifetimes()).untilReady(t)
		text := append([]byte("# whom we trust\n"), m.bundles()[0]...)
		m.change(func() {
			for i := range m.configurations[hooks].Webhooks {
				m.configurations[hooks].Webhooks[i].ClientConfig.CABundle = text
			}
		})
		writes := m.written()
		time.Sleep(time.Minute)
		if n := m.written() - writes; n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestAClockThatIsSetBackDelaysNoPublication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		var off atomic.Int64
		r := m.runAt(t, testLifetimes(), func() time.Time { return m.now().Add(time.Duration(off.Load())) })
		r.untilReady(t)
		writes := m.written()
		off.Store(int64(-time.Hour))
		time.Sleep(resyncInterval + time.Second)
		if n := m.written() - writes; n != 1 {
			t.Errorf("%d writes, want the configuration once more", n)
		}
	})
}
