package release

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command is the command of a section of RELEASE.md that begins so.
func command(t *testing.T, section, begin string) string {
	t.Helper()
	for _, command := range commandsOf(t, section) {
		if strings.HasPrefix(command, begin+" ") {
			return command
		}
	}
	t.Fatalf("section %q of RELEASE.md has no command that begins with %q", section, begin)
	return ""
}

// verify is a step of the page, and what it says when it refuses.
type verify struct{ begin, refusal string }

func TestAChangedFileIsRefused(t *testing.T) {
	signature := verify{"cosign verify-blob", "invalid signature"}
	checksum := verify{"sha256sum", "did NOT match"}
	attestation := verify{"cosign verify-blob-attestation", ""}
	changed := func(name string) func(*user, *testing.T) {
		return func(u *user, t *testing.T) { u.changesAByte(t, name) }
	}
	cli := filepath.Base(mine().archive(t))
	for name, row := range map[string]struct {
		change  func(*user, *testing.T)
		refuses verify
	}{
		"a byte of the checksums, by their signature":   {changed("checksums.txt"), signature},
		"a byte of an archive, by the checksums":        {changed(cli), checksum},
		"a byte of an archive, by the attestation":      {changed(cli), attestation},
		"a byte of the chart, by the checksums":         {changed(fmt.Sprintf("probe-injector-%s.tgz", number(t))), checksum},
		"a byte of the image, by the checksums":         {changed(fmt.Sprintf("probe-injector-image_%s.tar", number(t))), checksum},
		"a byte of the krew manifest, by the checksums": {changed("probe-injector.krew.yaml"), checksum},
		"the checksums, by another key":                 {(*user).takesAnotherKey, signature},
		"the provenance, by another key":                {(*user).takesAnotherKey, attestation},
		"a provenance that was written anew":            {(*user).rewritesTheStatement, attestation},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t)
			step := command(t, "Verify a release", row.refuses.begin)
			if output, err := u.types(t, step); err != nil {
				t.Fatalf("before the change: %v: %s", err, output)
			}
			row.change(u, t)
			output, err := u.types(t, step)
			if err == nil || !strings.Contains(output, row.refuses.refusal) {
				t.Errorf("it is accepted, or refused for something else: %v: %s", err, output)
			}
			t.Log(output)
		})
	}
}

func TestKrewRefusesAChangedArchive(t *testing.T) {
	u := newUser(t)
	u.changesAByte(t, filepath.Base(mine().archive(t)))
	output, err := u.types(t, command(t, "Use it", "kubectl krew install"))
	if err == nil || !strings.Contains(output, "checksum does not match") {
		t.Errorf("it is installed, or refused for something else: %v: %s", err, output)
	}
}

// takesAnotherKey makes a key of its own in place of the one that signed.
func (u *user) takesAnotherKey(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(u.folder, "cosign.pub")); err != nil {
		t.Fatal(err)
	}
	if output, err := u.types(t, "COSIGN_PASSWORD= cosign generate-key-pair"); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}

// rewritesTheStatement names another builder in the signed statement.
func (u *user) rewritesTheStatement(t *testing.T) {
	t.Helper()
	const name = "provenance.sigstore.json"
	text, err := os.ReadFile(filepath.Join(u.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	var bundle map[string]any
	if err := json.Unmarshal(text, &bundle); err != nil {
		t.Fatal(err)
	}
	envelope, ok := bundle["dsseEnvelope"].(map[string]any)
	if !ok {
		t.Fatalf("no envelope in %s", text)
	}
	payload, err := os.ReadFile(filepath.Join(u.folder, "provenance.json"))
	if err != nil {
		t.Fatal(err)
	}
	forged := []byte(strings.ReplaceAll(string(payload), "/.ci/release", "/.ci/another"))
	if string(forged) == string(payload) {
		t.Fatal("the statement does not name its builder")
	}
	envelope["payload"] = forged
	text, err = json.Marshal(bundle)
	if err != nil {
		t.Fatal(err)
	}
	u.replaces(t, name, text)
}
