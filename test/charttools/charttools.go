// Package charttools finds the programs that the Helm chart is tested with, and builds the missing ones: both Helms that
// people install with, helm-unittest, which runs the suites in charts/probe-injector/tests, and kustomize, which runs our CLI
// as Helm does.
//
// Each folder below this one is a Go module of its own that pins one version of one program; its go.mod is the only
// place where that version is written. What is built goes to bin/<folder>-<version>/ at the root of the checkout and
// stays there.
package charttools

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// Tool is one of the programs, by the name of its folder.
type Tool string

// The programs.
const (
	Helm3        Tool = "helm-3"
	Helm4        Tool = "helm-4"
	HelmUnittest Tool = "helm-unittest"
	Kustomize    Tool = "kustomize"
)

// All lists the programs.
func All() []Tool { return []Tool{Helm3, Helm4, HelmUnittest, Kustomize} }

// Path returns the path of a program, built if need be. On two cores the first Helm takes three minutes, the others one.
func Path(ctx context.Context, tool Tool) (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(root, "test", "charttools", string(tool))
	pinned, err := pinOf(ctx, folder)
	if err != nil {
		return "", err
	}
	output := filepath.Join(root, "bin", string(tool)+"-"+pinned.version, pinned.program())
	err = gobuild.Build(ctx, gobuild.Target{
		Dir: folder, Package: pinned.pkg, Output: output, LinkerFlags: pinned.linkerFlags(), Once: true,
	})
	if err != nil {
		return "", fmt.Errorf("%s %s is not there and cannot be built: %w", tool, pinned.version, err)
	}
	return output, nil
}

// program is the name that go build gives the program: a major version at the end of a path is none.
func (p pin) program() string {
	base := path.Base(p.pkg)
	if p.pkg == p.module && strings.Trim(base, "v0123456789") == "" {
		return path.Base(path.Dir(p.pkg))
	}
	return base
}

// pin is what a folder's go.mod says.
type pin struct {
	// pkg is the main package.
	pkg string
	// module is the module that has it, and version that module's version without the v.
	module, version string
	// kubernetes is the minor version of the Kubernetes libraries that it is built with, such as 37.
	kubernetes string
}

// pinOf reads the one tool of a folder's go.mod, and which versions are required.
func pinOf(ctx context.Context, folder string) (pin, error) {
	// "go mod edit" only parses the file: nothing is resolved or downloaded.
	cmd := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	output, err := cmd.Output()
	if err != nil {
		return pin{}, fmt.Errorf("reading the go.mod of %s: %w", folder, err)
	}
	var gomod struct {
		Tool    []struct{ Path string }
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(output, &gomod); err != nil {
		return pin{}, fmt.Errorf("reading the go.mod of %s: %w", folder, err)
	}
	if len(gomod.Tool) != 1 {
		return pin{}, fmt.Errorf("the go.mod of %s names %d tools, not one", folder, len(gomod.Tool))
	}
	found := pin{pkg: gomod.Tool[0].Path}
	for _, requirement := range gomod.Require {
		switch {
		case found.pkg == requirement.Path, strings.HasPrefix(found.pkg, requirement.Path+"/"):
			found.module, found.version = requirement.Path, strings.TrimPrefix(requirement.Version, "v")
		case requirement.Path == "k8s.io/client-go":
			found.kubernetes, _, _ = strings.Cut(strings.TrimPrefix(requirement.Version, "v0."), ".")
		}
	}
	if found.version == "" {
		return pin{}, fmt.Errorf("the go.mod of %s does not require the module of %s", folder, found.pkg)
	}
	return found, nil
}

// linkerFlags tell Helm what its releases are told: its version and, in Helm 3, for which Kubernetes charts are rendered
// where no cluster is asked. Without that it is 1.20, and Helm 3 refuses a chart that needs more.
func (p pin) linkerFlags() string {
	if !strings.HasPrefix(p.module, "helm.sh/helm/") {
		return ""
	}
	return strings.Join([]string{
		"-X", p.module + "/internal/version.version=v" + p.version,
		"-X", p.module + "/pkg/chartutil.k8sVersionMajor=1",
		"-X", p.module + "/pkg/chartutil.k8sVersionMinor=" + p.kubernetes,
	}, " ")
}
