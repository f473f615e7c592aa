package binaries

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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

// kubernetesFolder returns the folder of a minor version of Kubernetes, or of the newest if none is given.
func kubernetesFolder(folders, minor string) (string, error) {
	if minor == "" {
		minors, err := kubernetesMinors(folders)
		if err != nil {
			return "", err
		}
		minor = minors[len(minors)-1]
	}
	folder := filepath.Join(folders, "kubernetes-"+minor)
	if _, err := os.Stat(folder); err != nil {
		return "", fmt.Errorf("no Kubernetes %s is pinned: %w", minor, err)
	}
	return folder, nil
}

// kubernetesMinors lists the minor versions that have a folder, the oldest first.
func kubernetesMinors(folders string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(folders, "kubernetes-*"))
	if err != nil {
		return nil, fmt.Errorf("listing the pinned versions of Kubernetes: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no version of Kubernetes is pinned in %s", folders)
	}
	minors := make([]string, 0, len(found))
	for _, folder := range found {
		minors = append(minors, strings.TrimPrefix(filepath.Base(folder), "kubernetes-"))
	}
	slices.SortFunc(minors, func(a, b string) int { return cmp.Compare(minorNumber(a), minorNumber(b)) })
	return minors, nil
}

// minorNumber is the 36 of 1.36; there is no Kubernetes 2.
func minorNumber(minor string) int {
	number, err := strconv.Atoi(strings.TrimPrefix(minor, "1."))
	if err != nil {
		return -1
	}
	return number
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
