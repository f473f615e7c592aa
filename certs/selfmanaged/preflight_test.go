package selfmanaged

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// bundlesOfPreflight are those of the entries of the preflight configuration.
func (m *memory) bundlesOfPreflight() (all [][]byte) {
	m.look(func() {
		for _, w := range m.preflight.Webhooks {
			all = append(all, w.ClientConfig.CABundle)
		}
	})
	return all
}

// onlyMutating is a cluster whose preflight configuration cannot be read: the role does not allow it.
type onlyMutating struct{ connection }

func (o onlyMutating) watch(ctx context.Context, secret *secretStore, configurations map[configurationRef]*configurationStore) {
	readable := map[configurationRef]*configurationStore{}
	for r, store := range configurations {
		if r.kind == mutating {
			readable[r] = store
		}
	}
	o.connection.watch(ctx, secret, readable)
}

func TestAPreflightConfigurationNeverMakesAReplicaUnready(t *testing.T) {
	for name, spoil := range map[string]func(m *memory){
		"it does not exist": func(m *memory) { m.preflight = nil },
		"it has no entries": func(m *memory) { m.preflight.Webhooks = nil },
		"it calls somebody else": func(m *memory) {
			m.preflight.Webhooks[0].ClientConfig = calls("other")
		},
		"it trusts nobody that there is": func(m *memory) {
			m.preflight.Webhooks[0].ClientConfig.CABundle = []byte("no certificate")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory("annotated")
				m.preflight = validatingConfiguration(hooks)
				r := m.run(t, testLifetimes())
				r.untilReady(t)
				for range 50 {
					m.change(func() { spoil(m) })
					if err := r.Ready(); err != nil {
						t.Fatalf("not ready: %v", err)
					}
					time.Sleep(5 * time.Millisecond)
				}
			})
		})
	}
}

func TestAPreflightConfigurationThatCannotBeReadHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		metrics, err := newMetrics(prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		o := Options{
			Namespace: "probes", Secret: "tls", Configurations: []string{hooks}, Preflights: []string{"probe-injector"},
			DNSNames: []string{serviceName}, Lifetimes: testLifetimes(), Now: m.now, Logger: m.logger,
		}
		r := &replica{Manager: newManager(o, o.configurations(), metrics, onlyMutating{connection{m}})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.Run(ctx)
		}()
		r.untilReady(t)
		cancel()
		<-ended
	})
}

// The preflight entries trust at any time what is served: they get what the others get, in the same step.
func TestThePreflightEntriesFollowEveryRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		m.preflight = validatingConfiguration(hooks)
		r := m.run(t, testLifetimes())
		r.untilReady(t)
		first := r.serving.Load()
		for range 3 * int(testLifetimes().CA/time.Minute) {
			time.Sleep(time.Minute)
			if err := verifies(r, m.bundlesOfPreflight()); err != nil {
				t.Fatal(err)
			}
			m.authorities(t)
		}
		if r.serving.Load().issuer.Equal(first.issuer) {
			t.Error("no authority was replaced: nothing was tested")
		}
	})
}

// What an entry of the preflight trusts has no say in whether the others are trusted, or since when.
func TestOnlyMutatingEntriesCount(t *testing.T) {
	p := &published{}
	p.add(&configuration{configurationRef: configurationRef{kind: validating}, webhooks: []configuredWebhook{{serverName: serviceName}, {serverName: "other"}}}, []string{serviceName})
	if len(p.entries) != 0 || len(p.optional) != 1 || len(p.others) != 0 || len(p.inAnyEntry()) != 0 || !p.lastChange.IsZero() {
		t.Errorf("published: %+v", p)
	}
}

func TestNamesOfPreflightConfigurationsAreChecked(t *testing.T) {
	err := Options{Configurations: []string{"a"}, Preflights: []string{"B_"}, DNSNames: []string{"a"}}.validate()
	if err == nil || !strings.Contains(err.Error(), `"B_"`) {
		t.Errorf("the error is %v", err)
	}
}
