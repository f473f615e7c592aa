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
	other := stranger(t, now)
	memory.change(func() {
		for i := range memory.configurations[hooks].Webhooks {
			memory.configurations[hooks].Webhooks[i].ClientConfig.CABundle = encodeCertificates(of(other))
		}
	})
	metrics, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	manager := newManager(Options{
		Configurations: []string{hooks}, DNSNames: []string{serviceName},
		Lifetimes: DefaultLifetimes(), Logger: memory.logger,
	}, metrics, connection{memory})
	authority, _ := makeCA(t, now, DefaultLifetimes())
	manager.take(authority)

	manager.look(now)
	manager.configurations[hooks].set(memory.configurations[hooks])
	if err := manager.publish(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := memory.authorities(t); len(got) != 1 || !got[0].Equal(other) {
		t.Errorf("%d authorities are published after a look that saw none, want the one that was there", len(got))
	}

	manager.look(now)
	if err := manager.publish(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := memory.authorities(t); len(got) != 2 {
		t.Errorf("%d authorities are published after a look that saw one, want both", len(got))
	}
}
