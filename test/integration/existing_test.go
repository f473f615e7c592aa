package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// oddProbe is a probe of a user's own, with figures that we would never write.
const oddProbe = `{httpGet: {path: /odd, port: http, httpHeaders: [{name: X-Odd, value: "1"}]}, periodSeconds: 7, timeoutSeconds: 9, failureThreshold: 11}`

// existingProbes asks for everything on Pods that have some probes, and compares what is stored of those with what is
// stored of the same Pod without us.
func (i *installed) existingProbes(t *testing.T) {
	cases := map[string]struct {
		// existing is the probe that is there, and added those that are not.
		existing string
		added    []string
	}{
		"liveness":  {"livenessProbe", []string{"web/readiness"}},
		"readiness": {"readinessProbe", []string{"web/liveness", "web/startup"}},
		"startup":   {"startupProbe", []string{"web/liveness", "web/readiness"}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			metadata := fmt.Sprintf(`{name: has-%s, annotations: {probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: /readyz}}`, name)
			container := strings.TrimSuffix(web, "}") + ", " + test.existing + ": " + oddProbe + "}"
			manifest := manifestOf(metadata, "{containers: ["+container+"]}")
			with, err := i.create(t.Context(), plain, manifest)
			if err != nil {
				t.Fatal(err)
			}
			without, err := i.create(t.Context(), killed, manifest)
			if err != nil {
				t.Fatal(err)
			}
			before, after := rawMember(t, without.raw, test.existing), rawMember(t, with.raw, test.existing)
			if len(before) == 0 || !bytes.Equal(before, after) {
				t.Errorf("it was\n%s\nand is\n%s", before, after)
			}
			got := handlersOf(&with.pod)
			for _, probe := range test.added {
				if got[probe] == "" {
					t.Errorf("%s is missing, it has %v", probe, got)
				}
			}
			if len(got) != 1+len(test.added) {
				t.Errorf("it has %v", got)
			}
			expectOnlyOurs(t, without, with)
		})
	}
}

// rawMember is a member of a Pod's first container as the API server wrote it.
func rawMember(t *testing.T, raw []byte, name string) []byte {
	t.Helper()
	var pod struct {
		Spec struct {
			Containers []map[string]json.RawMessage `json:"containers"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(raw, &pod); err != nil {
		t.Fatal(err)
	}
	return pod.Spec.Containers[0][name]
}
