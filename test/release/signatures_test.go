package release

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
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

// verifications are the commands of RELEASE.md, with the file that is verified last.
var verifications = map[string][]string{
	"the signature":   {"verify-blob", "--key", "cosign.pub", "--insecure-ignore-tlog", "--bundle", "checksums.txt.sigstore.json"},
	"the attestation": {"verify-blob-attestation", "--key", "cosign.pub", "--insecure-ignore-tlog", "--type", "slsaprovenance1", "--bundle", "provenance.sigstore.json"},
}

func TestTheSignatureAndTheAttestationAreOfTheseChecksumsAndNoOthers(t *testing.T) {
	text, err := os.ReadFile(dist(t, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	text[0] ^= 1
	forged := filepath.Join(t.TempDir(), "checksums.txt")
	if err := os.WriteFile(forged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, args := range verifications {
		t.Run(what, func(t *testing.T) {
			must(t, tool(t, "cosign"), append(slices.Clone(args), "checksums.txt")...)
			if output, err := run(t, tool(t, "cosign"), append(slices.Clone(args), forged)...); err == nil {
				t.Errorf("it verifies other checksums: %s", output)
			}
		})
	}
}

func TestTheVerifyingCommandsAreThoseOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root(t), "RELEASE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for what, args := range verifications {
		if command := "$ cosign " + strings.Join(args, " ") + " checksums.txt\n"; !strings.Contains(string(page), command) {
			t.Errorf("%s: RELEASE.md lacks %q", what, command)
		}
	}
}
