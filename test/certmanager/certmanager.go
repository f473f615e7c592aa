// Package certmanager gives tests a real cert-manager: its programs, built from cert-manager's own packages, and its
// official Helm chart, which brings the real permissions, CustomResourceDefinitions and webhook configurations.
//
// The released programs are Go modules whose paths are not those of their folders, so that no proxy serves them. The
// module in the folder programs is three small main packages around the same packages; what they leave out is ACME,
// Vault, Venafi and the shims for Ingress and Gateway. Its go.mod is the only place where the version is written.
//
// There are two ways to use it. [Release.Install] installs the chart, and the cluster's nodes run the programs from the
// [Images]. [Host] installs the same chart without Pods and runs the programs as processes here, with the permissions of
// their ServiceAccounts, for control planes that have no node.
//
//	host := certmanager.HostForTest(t, certmanager.Release{Kubeconfig: plane.KubeconfigPath(), Helm: helm})
//	err := certmanager.Renew(ctx, plane.RESTConfig(), "shop", "web-tls")
package certmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// Program is one of cert-manager's programs, by the name of its folder and of its released image.
type Program string

// The programs.
const (
	// Controller makes Secrets of Certificates and renews them.
	Controller Program = "cert-manager-controller"
	// CAInjector writes authorities into webhook configurations.
	CAInjector Program = "cert-manager-cainjector"
	// Webhook completes and validates cert-manager's own objects.
	Webhook Program = "cert-manager-webhook"
)

// All lists the programs.
func All() []Program { return []Program{Controller, CAInjector, Webhook} }

// modulePath is cert-manager's module.
const modulePath = "github.com/cert-manager/cert-manager"

// Path returns the path of a program, built if need be: about four minutes for the first on two cores, then seconds.
func (p Program) Path(ctx context.Context) (string, error) {
	module, err := pinned(ctx)
	if err != nil {
		return "", err
	}
	folder, err := programsFolder()
	if err != nil {
		return "", err
	}
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	output := filepath.Join(root, "bin", "cert-manager-"+strings.TrimPrefix(module.Version, "v"), string(p))
	err = gobuild.Build(ctx, gobuild.Target{
		Dir: folder, Package: "./" + string(p), Output: output, Once: true,
		LinkerFlags: "-X " + modulePath + "/pkg/util.AppVersion=" + module.Version,
	})
	if err != nil {
		return "", fmt.Errorf("%s is not there and cannot be built: %w", p, err)
	}
	return output, nil
}

// Version is the version of cert-manager, such as v1.21.2.
func Version(ctx context.Context) (string, error) {
	module, err := pinned(ctx)
	return module.Version, err
}

// module is where Go keeps cert-manager's source, which has its chart.
type module struct{ Version, Dir string }

// pinned downloads cert-manager's module, if it is not there, in the version that the programs' go.mod says.
func pinned(ctx context.Context) (module, error) {
	folder, err := programsFolder()
	if err != nil {
		return module{}, err
	}
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", modulePath)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off")
	output, err := command.Output()
	if err != nil {
		if failure, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, failure.Stderr)
		}
		return module{}, fmt.Errorf("downloading the source of cert-manager: %w", err)
	}
	var downloaded module
	if err := json.Unmarshal(output, &downloaded); err != nil {
		return module{}, fmt.Errorf("reading where the source of cert-manager is: %w", err)
	}
	return downloaded, nil
}

// programsFolder is the module of the programs.
func programsFolder() (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "test", "certmanager", "programs"), nil
}
