package binaries_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/binaries"
)

func TestTheFolderOfAssetsComesFirst(t *testing.T) {
	assets := t.TempDir()
	want := filepath.Join(assets, "kubectl")
	if err := os.WriteFile(want, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBEBUILDER_ASSETS", assets)
	t.Setenv(binaries.WantedVariable, "")

	t.Run("what is in it is used", func(t *testing.T) {
		got, err := binaries.Kubernetes(t.Context(), "", "kubectl")
		if err != nil || got != want {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("what is not in it is built", func(t *testing.T) {
		got, err := binaries.Etcd(t.Context())
		if err != nil || filepath.Base(filepath.Dir(filepath.Dir(got))) != "bin" {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("nor is the one that the environment asks for", func(t *testing.T) {
		t.Setenv(binaries.WantedVariable, "1.36")
		got, err := binaries.Kubernetes(t.Context(), "", "kubectl")
		if err != nil || !strings.HasPrefix(filepath.Base(filepath.Dir(got)), "kubernetes-1.36.") {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("a version that is asked for by name is not taken from it", func(t *testing.T) {
		got, err := binaries.Kubernetes(t.Context(), "1.36", "kubectl")
		if err != nil || !strings.HasPrefix(filepath.Base(filepath.Dir(got)), "kubernetes-1.36.") {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

func TestAVersionThatIsNotPinnedIsAnError(t *testing.T) {
	_, err := binaries.Kubernetes(t.Context(), "1.2", "kubectl")
	if err == nil || !strings.Contains(err.Error(), "no Kubernetes 1.2 is pinned") {
		t.Errorf("the error is %v", err)
	}
}

func TestAVersionOfTheEnvironmentThatIsNotPinnedIsAnError(t *testing.T) {
	t.Setenv(binaries.WantedVariable, "1.2")
	_, err := binaries.Kubernetes(t.Context(), "", "kubectl")
	if err == nil || !strings.Contains(err.Error(), "no Kubernetes 1.2 is pinned") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheVersionsAreListedFromTheOldestToTheNewest(t *testing.T) {
	minors, err := binaries.Minors()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(minors) {
		t.Errorf("they are %q", minors)
	}
	if !slices.Contains(minors, binaries.Default) {
		t.Errorf("the default, %s, is not among %q", binaries.Default, minors)
	}
}
