package webhook_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
)

// etcd refuses what is larger than 1.5 MiB: a Pod that just fits must not be refused for the sake of our probes.
func TestAPodThatJustFitsIntoTheStorageIsLeftAsItIs(t *testing.T) {
	const limit = 3 << 19
	tests := map[string]struct {
		size         int
		wantInjected bool
	}{
		"with room for probes and status": {size: limit - 4096, wantInjected: true},
		"with room for less":              {size: limit - 300},
		"larger than the storage":         {size: limit + 4096},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, decide(func(s policy.Subject) policy.Decision {
				d := usual(s)
				d.Asked = true
				return d
			}))
			pod := webPod(0)
			pod.Spec.Containers[0].Args = []string{""}
			pod.Spec.Containers[0].Args[0] = strings.Repeat("x", test.size-len(reviewOf(t, pod)))
			got := response(t, s.post(reviewOf(t, pod)))
			if !got.Allowed || (got.Patch != nil) != test.wantInjected {
				t.Errorf("allowed: %v, patched: %v", got.Allowed, got.Patch != nil)
			}
			if said := strings.Contains(strings.Join(got.Warnings, "\n"), "could not be stored"); said == test.wantInjected {
				t.Errorf("the warnings are %q", got.Warnings)
			}
			if counted := s.counter(t, "probe_injector_skips_total", "reason", "pod_too_large") == 1; counted == test.wantInjected {
				t.Errorf("counted: %v", counted)
			}
		})
	}
}
