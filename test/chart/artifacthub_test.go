package chart_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// pagesOfTheRepository is where links of the chart lead to.
const pagesOfTheRepository = "https://github.com/probe-injector/probe-injector/blob/main/"

// artifactHub is what the chart tells Artifact Hub: https://artifacthub.io/docs/topics/annotations/helm.
type artifactHub struct {
	images []struct {
		Name, Image string
		Platforms   []string
	}
	links []struct{ Name, URL string }
}

func readArtifactHub(t *testing.T, root string) artifactHub {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "charts", "probe-injector", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct{ Annotations map[string]string }
	if err := yaml.Unmarshal(text, &metadata); err != nil {
		t.Fatal(err)
	}
	var hub artifactHub
	for name, into := range map[string]any{"images": &hub.images, "links": &hub.links} {
		if err := yaml.UnmarshalStrict([]byte(metadata.Annotations["artifacthub.io/"+name]), into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return hub
}

func TestArtifactHubIsToldTheImageThatIsInstalled(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	hub := readArtifactHub(t, root)
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := podOf(t, rendered).Containers[0].Image; len(hub.images) != 1 || hub.images[0].Image != want {
		t.Errorf("the images are %v, want %s", hub.images, want)
	}
	script, err := os.ReadFile(filepath.Join(root, ".ci", "image"))
	if err != nil {
		t.Fatal(err)
	}
	if platforms := strings.Join(hub.images[0].Platforms, " "); !strings.Contains(string(script), "${PLATFORMS:-"+platforms+"}") {
		t.Errorf("the image is not built for %s alone", platforms)
	}
}

func TestLinksOnArtifactHubLeadToPages(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, link := range readArtifactHub(t, root).links {
		names = append(names, link.Name)
		page, inRepository := strings.CutPrefix(link.URL, pagesOfTheRepository)
		if !inRepository {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(page))); err != nil {
			t.Errorf("%s: %v", link.Name, err)
		}
	}
	// Artifact Hub shows a link of this name as the button for help.
	if !slices.Contains(names, "support") {
		t.Errorf("no link to support among %v", names)
	}
}
