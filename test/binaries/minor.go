package binaries

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Default is the minor version of Kubernetes that tests run against unless they are told otherwise. It is not simply
// the newest that is pinned: each version takes several minutes to build, and "make test" builds one.
const Default = "1.36"

// WantedVariable names the environment variable by which a whole run of tests is told its Kubernetes, such as "1.30".
const WantedVariable = "TEST_KUBERNETES"

// Wanted is the minor version that the environment asks for, and empty if it does not. Nothing else reads that variable.
func Wanted() string { return os.Getenv(WantedVariable) }

// Minors lists the minor versions of Kubernetes that are pinned, the oldest first.
func Minors() ([]string, error) {
	folders, err := pinnedFolders()
	if err != nil {
		return nil, err
	}
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
