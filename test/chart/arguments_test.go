package chart_test

import (
	"os/exec"
	"slices"
	"testing"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/server"
)

// TestTheServerUnderstandsItsArguments gives what is rendered to the real program, which reads and checks all of it
// before it answers --version.
func TestTheServerUnderstandsItsArguments(t *testing.T) {
	program, err := server.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		arguments := append(slices.Clone(podOf(t, rendered).Containers[0].Args), "--version")
		output, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, output)
		}
	})
}
