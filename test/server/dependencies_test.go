package server_test

import (
	"debug/buildinfo"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/server"
)

// The most that the server may be made of, without Go's own packages. Whoever has to raise them says in the commit what
// it buys; whoever can lowers them.
const (
	mostPackages = 575
	mostModules  = 62
)

// mostRequirements bounds the lines of the main module's go.mod, which is also that of the CLI and of generators. What
// only the tests here need belongs into the go.mod of test.
const mostRequirements = 79

// neverInTheServer are modules of the CLI, of generators and of tests.
var neverInTheServer = []string{
	"github.com/cert-manager/cert-manager", "go.uber.org/zap", "golang.org/x/perf", "helm.sh/helm/v4", "k8s.io/apiextensions-apiserver",
	"k8s.io/apiserver", "k8s.io/cli-runtime", "k8s.io/kubernetes", "sigs.k8s.io/kustomize/api", "sigs.k8s.io/kustomize/kyaml",
}

func TestTheServerIsMadeOfLittle(t *testing.T) {
	path, err := server.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	built, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range built.Deps {
		if slices.Contains(neverInTheServer, module.Path) {
			t.Errorf("%s is in it", module.Path)
		}
	}
	packages := strings.Count(goCommand(t, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}\n{{end}}", "./cmd/webhook"), "\n")
	t.Logf("%d packages, %d modules", packages, len(built.Deps))
	if packages > mostPackages || len(built.Deps) > mostModules {
		t.Errorf("%d packages of %d modules, more than %d of %d", packages, len(built.Deps), mostPackages, mostModules)
	}
}

func TestWhatOnlyTestsNeedIsNotRequiredByTheMainModule(t *testing.T) {
	var module struct {
		Require []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(goCommand(t, "mod", "edit", "-json")), &module); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requirements", len(module.Require))
	if len(module.Require) > mostRequirements {
		t.Errorf("go.mod has %d requirements, more than %d", len(module.Require), mostRequirements)
	}
	for _, requirement := range module.Require {
		if strings.HasPrefix(requirement.Path, "helm.sh/") || requirement.Path == "golang.org/x/perf" {
			t.Errorf("go.mod requires %s, which only tests need", requirement.Path)
		}
	}
}

// goCommand returns what a go command prints at the root of the checkout.
func goCommand(t *testing.T, args ...string) string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return string(output)
}
