package chart_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// TestTheChartsOwnSuites runs helm-unittest on charts/probe-injector/tests, as "make chart-test" does.
func TestTheChartsOwnSuites(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	program, err := charttools.Path(t.Context(), charttools.HelmUnittest)
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), program, "--strict", filepath.Join(root, "charts", "probe-injector")).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, output)
	}
}

// TestHelmLintsEveryVariant runs the linters of both Helms, with warnings as errors.
func TestHelmLintsEveryVariant(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(root, "charts", "probe-injector")
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		program, err := charttools.Path(t.Context(), tool)
		if err != nil {
			t.Fatal(err)
		}
		for name := range variants(t) {
			t.Run(string(tool)+" "+name, func(t *testing.T) {
				values := filepath.Join(chart, "ci", name+"-values.yaml")
				output, err := exec.CommandContext(t.Context(), program, "lint", "--strict", chart, "-f", values).CombinedOutput()
				if err != nil {
					t.Errorf("%v:\n%s", err, output)
				}
			})
		}
	}
}
