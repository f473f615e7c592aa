package chart_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
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

// endingFlags let the server say one thing and end, so that they are of no use in extraArgs.
var endingFlags = []string{"--help", "--version", "--check-policy", "--show-answer", "--connect-to"}

// TestTheChartKnowsTheServersFlags compares what extraArgs may have with what the real program offers.
func TestTheChartKnowsTheServersFlags(t *testing.T) {
	program, err := server.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.CommandContext(t.Context(), program, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, help)
	}
	_, err = chart.Render(chart.Options{Values: `{extraArgs: [--unknown]}`})
	if err == nil {
		t.Fatal("a flag that does not exist was accepted")
	}
	_, listed, _ := strings.Cut(err.Error(), "it has ")
	known := regexp.MustCompile(`--[a-z-]+`).FindAllString(listed, -1)
	var offered []string
	for _, match := range regexp.MustCompile(`(?m)^ +(--[a-z-]+)`).FindAllStringSubmatch(string(help), -1) {
		if !slices.Contains(endingFlags, match[1]) {
			offered = append(offered, match[1])
		}
	}
	slices.Sort(known)
	slices.Sort(offered)
	// The text of one flag names others, also where a line of it begins.
	offered = slices.Compact(offered)
	if !slices.Equal(known, offered) {
		t.Errorf("the chart knows\n%q\nthe server has\n%q", known, offered)
	}
}
