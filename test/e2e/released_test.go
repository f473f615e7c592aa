package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// TestReleasedImageAndChart installs what "make release" has written into dist: the packaged chart, with the image for the
// node's platform out of the image layout. "make release-test" runs it.
func TestReleasedImageAndChart(t *testing.T) {
	s := theSuite
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(root, "dist")
	if _, err := os.Stat(filepath.Join(dist, "checksums.txt")); err != nil {
		t.Fatalf("there is no release, run make release: %v", err)
	}
	const name = "registry.example.com/platform/probe-injector"
	if err := s.needNode(t).ImportLayout(t.Context(), filepath.Join(dist, fmt.Sprintf("probe-injector-image_%s.tar", version[1:])), name); err != nil {
		t.Fatal(err)
	}
	r := s.toInstall(t, charttools.Helm4)
	r.chart = filepath.Join(dist, fmt.Sprintf("probe-injector-%s.tgz", version[1:]))
	r.upgrade(t, "image: {registry: registry.example.com, repository: platform/probe-injector}")
	pods := r.pods(t)
	if len(pods) == 0 {
		t.Error("the release has no Pods")
	}
	for _, pod := range pods {
		if image := pod.Spec.Containers[0].Image; image != name+":"+version {
			t.Errorf("%s runs %s", pod.Name, image)
		}
	}
}
