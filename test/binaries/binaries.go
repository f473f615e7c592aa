// Package binaries finds the programs of Kubernetes that the tests run against, and builds the missing ones.
//
// Each folder below this one is a Go module of its own that pins one version of one project; its go.mod is the only
// place where that version is written. What is built goes to bin/<project>-<version>/ at the root of the checkout and
// stays there.
package binaries

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Kubernetes returns the path of a program of Kubernetes: kube-apiserver, kube-controller-manager or kubectl, and where
// the folder of the version has them as tools, kube-scheduler, kube-proxy and kubelet.
//
// The minor version is one that has a folder here, such as "1.36". Empty means: the one that Wanted gives, else what
// $KUBEBUILDER_ASSETS has, else the Default.
func Kubernetes(ctx context.Context, minor, program string) (string, error) {
	minor = cmp.Or(minor, Wanted())
	if minor == "" {
		if path, ok := fromAssets(program); ok {
			return path, nil
		}
		minor = Default
	}
	folders, err := pinnedFolders()
	if err != nil {
		return "", err
	}
	folder, err := kubernetesFolder(folders, minor)
	if err != nil {
		return "", err
	}
	return fromPin(ctx, folder, "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/"+program, program)
}

// Etcd returns the path of etcd.
func Etcd(ctx context.Context) (string, error) {
	if path, ok := fromAssets("etcd"); ok {
		return path, nil
	}
	folders, err := pinnedFolders()
	if err != nil {
		return "", err
	}
	const module = "go.etcd.io/etcd/server/v3"
	return fromPin(ctx, filepath.Join(folders, "etcd"), module, module, "etcd")
}

// fromAssets looks into the folder that tools like setup-envtest fill.
func fromAssets(program string) (string, bool) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		return "", false
	}
	path := filepath.Join(assets, program)
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

// fromPin returns the program as the module in the folder pins it, built if need be.
func fromPin(ctx context.Context, folder, module, pkg, program string) (string, error) {
	version, err := pinnedVersion(ctx, folder, module)
	if err != nil {
		return "", err
	}
	path, err := build(ctx, target{folder: folder, pkg: pkg, program: program, version: version})
	if err != nil {
		return "", fmt.Errorf("%s %s is not there and cannot be built: %w", program, version, err)
	}
	return path, nil
}
