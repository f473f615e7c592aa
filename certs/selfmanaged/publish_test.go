package selfmanaged

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestABundleThatArrivesAfterTheLookIsNotOverwritten: a replica that starts knows the authority of the Secret before it
// knows the configuration. What arrives between its look and its write holds authorities that it has not seen.
func TestABundleThatArrivesAfterTheLookIsNotOverwritten(t *testing.T) {
	now := time.Now()
	memory := newMemory("annotated", "rules")
	other := foreignAuthority(t, now)
	memory.change(func() {
		for i := range memory.configurations[hooks].Webhooks {
			memory.configurations[hooks].Webhooks[i].ClientConfig.CABundle = encodeCertificates(of(other))
		}
	})
	metrics, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Configurations: []string{hooks}, DNSNames: []string{serviceName},
		Lifetimes: DefaultLifetimes(), Now: time.Now, Logger: memory.logger,
	}
	manager := newManager(o, o.configurations(), metrics, connection{memory})
	authority, _ := makeCA(t, now, DefaultLifetimes())
	manager.adopt(authority, now, now)

	manager.observe(now)
	store := manager.configurations[configurationRef{mutating, hooks}]
	if err := store.Update(memory.configurations[hooks]); err != nil {
		t.Fatal(err)
	}
	if err := manager.publish(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := memory.authorities(t); len(got) != 1 || !got[0].Equal(other) {
		t.Errorf("%d authorities are published after a look that saw none, want the one that was there", len(got))
	}

	manager.observe(now)
	if err := manager.publish(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := memory.authorities(t); len(got) != 2 {
		t.Errorf("%d authorities are published after a look that saw one, want both", len(got))
	}
}
