package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// largePod is a Pod that asks for readiness, with as many bytes in an annotation and in an environment variable.
func largePod(annotation, variable int) string {
	return "{apiVersion: v1, kind: Pod, metadata: {name: web, annotations: {probe-injector.dev/readiness: /readyz, note: " +
		strings.Repeat("a", annotation) + "}}, spec: {containers: [{name: web, image: web, ports: [{containerPort: 8080}], env: [{name: NOTE, value: " +
		strings.Repeat("b", variable) + "}]}]}}"
}

func TestExplainSaysWhatSizesCost(t *testing.T) {
	for name, row := range map[string]struct{ pod, want string }{
		"annotations without room for the status": {largePod(256<<10-80, 1), "left out, because the Pod's annotations have no room"},
		"a Pod too large for probes":              {largePod(1, 3<<19-300), "pod_too_large"},
		"a Pod with room for everything":          {largePod(1, 1), "web: readiness http:8080/readyz"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			code := run([]string{"probe-injector", "explain", "-f", "-"}, "v0.1.0", streams{strings.NewReader(row.pod), &out, &problems})
			if text := strings.Join(strings.Fields(out.String()), " "); code != int(exit.Fine) || !strings.Contains(text, row.want) {
				t.Errorf("exit code %d, no %q in\n%.800s%s", code, row.want, text, problems.String())
			}
		})
	}
}
