package release

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
)

// unlisted are the files that checksums.txt cannot list, because they are made of it or of the key.
var unlisted = []string{"checksums.txt", "checksums.txt.sigstore.json", "provenance.sigstore.json", "cosign.pub"}

func TestEveryFileHasTheChecksumThatIsListed(t *testing.T) {
	text, err := os.ReadFile(dist(t, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Errorf("%q is no checksum", line)
		}
		listed[name] = sum
	}
	present, err := os.ReadDir(dist(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range present {
		if slices.Contains(unlisted, file.Name()) {
			continue
		}
		content, err := os.ReadFile(dist(t, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if listed[file.Name()] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s has not the checksum %q that is listed", file.Name(), listed[file.Name()])
		}
		delete(listed, file.Name())
	}
	for name := range listed {
		t.Errorf("%s is listed, and not there", name)
	}
}
