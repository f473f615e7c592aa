package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// mountConfigMap writes entries as the kubelet does: each is a link into a folder that a link names.
func mountConfigMap(t *testing.T, entries map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	const version = "..2026_01_01"
	if err := os.Mkdir(filepath.Join(folder, version), 0o700); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{mountMark: version}
	for name, text := range entries {
		writeFile(t, filepath.Join(folder, version, name), []byte(text))
		links[name] = filepath.Join(mountMark, name)
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "policy.yaml")
}

func TestOnlyOnePolicyMayBeInTheConfigMap(t *testing.T) {
	cases := map[string]struct {
		entries map[string]string
		want    []string
	}{
		"a policy":                    {entries: map[string]string{"policy.yaml": injectPolicy}},
		"a policy and something else": {entries: map[string]string{"policy.yaml": injectPolicy, "notes": "x"}},
		"two policies":                {map[string]string{"policy.yaml": injectPolicy, "old.yaml": auditPolicy}, []string{"only one key may hold a ProbePolicy, not old.yaml and policy.yaml"}},
		"two documents":               {map[string]string{"policy.yaml": injectPolicy + "---\n" + auditPolicy}, []string{"holds one document, this one holds 2"}},
		"an early end":                {map[string]string{"policy.yaml": "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n...\nspec: {mode: Audit}\n"}, []string{`the line "..." ends the document`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := newPolicySource(mountConfigMap(t, c.entries), prometheus.NewRegistry())
			if err != nil {
				t.Fatal(err)
			}
			err = s.mistake()
			if (err != nil) != (c.want != nil) {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestAnEntryThatComesLaterIsNoticed(t *testing.T) {
	file := mountConfigMap(t, map[string]string{"policy.yaml": injectPolicy})
	s, err := newPolicySource(file, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(filepath.Dir(file), "second.yaml")
	writeFile(t, second, []byte(auditPolicy))
	if _, err := s.reload(); err == nil || !strings.Contains(err.Error(), "policy.yaml and second.yaml") {
		t.Errorf("the second policy: %v", err)
	}
	if changed, err := s.reload(); changed || err != nil {
		t.Errorf("the same mistake again: %t, %v", changed, err)
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if changed, err := s.reload(); !changed || err != nil {
		t.Errorf("without the second policy: %t, %v", changed, err)
	}
}

func TestFilesBesideAPolicyThatIsNotMountedDoNotMatter(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"policy.yaml": injectPolicy, "other.yaml": auditPolicy} {
		writeFile(t, filepath.Join(folder, name), []byte(text))
	}
	s, err := newPolicySource(filepath.Join(folder, "policy.yaml"), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.mistake(); err != nil {
		t.Error(err)
	}
}
