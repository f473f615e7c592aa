package binaries

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// pinnedFolders is the folder that holds the modules.
func pinnedFolders() (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "test", "binaries"), nil
}

// kubernetesFolder returns the folder of a minor version of Kubernetes.
func kubernetesFolder(folders, minor string) (string, error) {
	folder := filepath.Join(folders, "kubernetes-"+minor)
	if _, err := os.Stat(folder); err != nil {
		return "", fmt.Errorf("no Kubernetes %s is pinned: %w", minor, err)
	}
	return folder, nil
}

// pinnedVersion reads from the folder's go.mod which version of a module it requires.
func pinnedVersion(ctx context.Context, folder, module string) (string, error) {
	// "go mod edit" only parses the file: nothing is resolved or downloaded.
	cmd := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	cmd.Dir = folder
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("reading the go.mod of %s: %w", folder, err)
	}
	var gomod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(output, &gomod); err != nil {
		return "", fmt.Errorf("reading the go.mod of %s: %w", folder, err)
	}
	for _, requirement := range gomod.Require {
		if requirement.Path == module {
			return requirement.Version, nil
		}
	}
	return "", fmt.Errorf("the go.mod of %s does not require %s", folder, module)
}
