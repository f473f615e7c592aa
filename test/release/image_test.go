package release

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	imagespec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layout is an unpacked OCI image layout.
type layout string

// blob reads a blob of a layout, whose content must have the digest.
func (l layout) blob(t *testing.T, sum digest.Digest) []byte {
	t.Helper()
	content, err := os.ReadFile(l.path(sum))
	if err != nil {
		t.Fatal(err)
	}
	if digest.FromBytes(content) != sum {
		t.Errorf("%s has other content", sum)
	}
	return content
}

func (l layout) path(sum digest.Digest) string {
	return filepath.Join(string(l), "blobs", sum.Algorithm().String(), sum.Encoded())
}

func read[T any](t *testing.T, text []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTheImageIsOneStaticProgramForEachPlatform(t *testing.T) {
	l := layout(unpacked(t, dist(t, fmt.Sprintf("probe-injector-image_%s.tar", number(t)))))
	text, err := os.ReadFile(filepath.Join(string(l), "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	names := read[imagespec.Index](t, text).Manifests
	if len(names) != 1 || names[0].Annotations[imagespec.AnnotationRefName] != "v"+number(t) {
		t.Fatalf("the layout has %v, not the one image v%s", names, number(t))
	}
	found := map[string]bool{}
	for _, image := range read[imagespec.Index](t, l.blob(t, names[0].Digest)).Manifests {
		p := platform{image.Platform.OS, image.Platform.Architecture}
		found[p.String()] = true
		t.Run(p.String(), func(t *testing.T) { l.isTheWebhook(t, p, read[imagespec.Manifest](t, l.blob(t, image.Digest))) })
	}
	if len(found) != 2 || !found["linux_amd64"] || !found["linux_arm64"] {
		t.Errorf("it is for %v", found)
	}
}

// isTheWebhook expects one layer with the webhook and nothing else.
func (l layout) isTheWebhook(t *testing.T, p platform, manifest imagespec.Manifest) {
	t.Helper()
	config := read[imagespec.Image](t, l.blob(t, manifest.Config.Digest))
	if config.Architecture != p.arch || config.OS != p.os {
		t.Errorf("its configuration says %s/%s", config.OS, config.Architecture)
	}
	if config.Config.User != "65532:65532" || !slices.Equal(config.Config.Entrypoint, []string{"/probe-injector-webhook"}) {
		t.Errorf("it runs %v as %q", config.Config.Entrypoint, config.Config.User)
	}
	if len(manifest.Layers) != 1 {
		t.Fatalf("it has %d layers", len(manifest.Layers))
	}
	isAtMost(t, l.path(manifest.Layers[0].Digest), largestWebhookArchived)
	compressed := filepath.Join(t.TempDir(), "layer.tar.gz")
	if err := os.WriteFile(compressed, l.blob(t, manifest.Layers[0].Digest), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := unpacked(t, compressed)
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Fatalf("it has the files %v: %v", files, err)
	}
	program := filepath.Join(folder, "probe-injector-webhook")
	isBuiltFor(t, program, p)
	isAtMost(t, program, largestWebhook)
	hasItsMaterials(t, program, dist(t, fmt.Sprintf("probe-injector-image_%s_%s.cdx.json", number(t), p)))
	if said := emulated(t, p.arch, program, "--version"); !strings.Contains(said, "v"+number(t)) {
		t.Errorf("--version says %q", said)
	}
}
