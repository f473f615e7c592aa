package cli

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// The most that the CLI may be made of, without Go's own packages, and its size in bytes where this test runs. Whoever has
// to raise them says in the commit what it buys; whoever can lowers them. What is released may have 60,000,000 bytes on
// every platform: test/release.
const (
	mostPackages = 422
	mostModules  = 61
	mostBytes    = 47_000_000
)

// neverInTheCLI are modules and packages, with all that is below them, that a single import would bring: the set of clients
// for every group of the API (cmd/probe-injector/internal/cluster has those that are read), and what the webhook or tests need.
var neverInTheCLI = regexp.MustCompile(`^(k8s\.io/client-go/(informers|kubernetes|kubernetes/fake)|` +
	`(k8s\.io/(apiserver|component-base|kubectl|kubernetes)|sigs\.k8s\.io/controller-runtime|` +
	`github\.com/(cert-manager|prometheus)|google\.golang\.org/grpc|helm\.sh)(/.*)?)$`)

func TestTheCLIIsMadeOfLittle(t *testing.T) {
	i := install(t)
	built, err := buildinfo.ReadFile(i.program)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(i.program)
	if err != nil {
		t.Fatal(err)
	}
	packages := i.packages(t)
	t.Logf("%d packages, %d modules, %d bytes", len(packages), len(built.Deps), info.Size())
	if len(packages) > mostPackages || len(built.Deps) > mostModules || info.Size() > mostBytes {
		t.Errorf("%d packages of %d modules in %d bytes, more than %d of %d in %d",
			len(packages), len(built.Deps), info.Size(), mostPackages, mostModules, mostBytes)
	}
	for _, name := range packages {
		if neverInTheCLI.MatchString(name) {
			t.Errorf("%s is in it", name)
		}
	}
}

// packages are those that the CLI is made of, without Go's own.
func (i *installed) packages(t *testing.T) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./cmd/probe-injector")
	command.Dir = i.root
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		if name := lines.Text(); name != "" {
			names = append(names, name)
		}
	}
	return names
}
