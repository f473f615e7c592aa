package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/page"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

const profilesFolder = "testdata/profiles"

// Each file of testdata/profiles is what profiles says about the profile of its name, with policy.yaml.
// UPDATE_GOLDEN=1 go test ./cmd/probe-injector writes them anew.
func TestOneProfileIsToldInFull(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(profilesFolder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			got := transcript([]string{"profiles", name, "--policy", filepath.Join(profilesFolder, policyFile)})
			if os.Getenv(updateEnv) != "" {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("-want +got; if this is right, run with %s=1:\n%s", updateEnv, diff)
			}
		})
	}
}

// profilesSay runs the command and wants no complaint.
func profilesSay(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	code := run(append([]string{"probe-injector", "profiles"}, args...), "v0.1.0", streams{strings.NewReader(stdin), &out, &problems})
	if code != int(exit.Fine) || problems.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	return out.String()
}

func TestTheListOfProfilesIsWholeAndNarrow(t *testing.T) {
	lines := strings.Split(profilesSay(t, ""), "\n")
	built, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for i := range built.Profiles {
		p := &built.Profiles[i]
		fields := strings.Fields(lines[i+1])
		if fields[0] != p.Name || fields[len(fields)-1] != p.Class || !strings.Contains(lines[i+1], "  "+catalogue.Level(p.Liveness)+" ") {
			t.Errorf("line %d is not about %s:\n%s", i+2, p.Name, lines[i+1])
		}
	}
	for _, line := range lines {
		if len(line) > page.Width {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

const ownProfilesSpec = `{"profiles": [
	{"name": "shop", "summary": "our shop", "class": "jvm", "readiness": {"handler": "/ready"}},
	{"name": "nginx", "readiness": {"handler": "/nginx-ready"}}]}`

func TestAPolicysProfilesComeFirstInEachOfItsForms(t *testing.T) {
	policy := `{"apiVersion": "probe-injector.dev/v1alpha1", "kind": "ProbePolicy", "spec": ` + ownProfilesSpec + "}"
	inConfigMap := `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "p"}, "data": {"policy.yaml": ` + quoteJSON(t, policy) + "}}"
	for name, text := range map[string]string{
		"a policy":                policy,
		"a ConfigMap":             inConfigMap,
		"values of the chart":     `{"policy": ` + ownProfilesSpec + "}",
		"beside another object":   "kind: Service\napiVersion: v1\nspec: {profiles: {a: b}}\n---\n" + inConfigMap,
		"a policy in a stream":    policy + "\n---\napiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n",
		"after an empty document": "---\n# nothing\n---\n" + policy,
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Split(profilesSay(t, text, "--policy", "-"), "\n")
			if !strings.HasPrefix(lines[1], "shop ") || !strings.HasPrefix(lines[2], "nginx ") || !strings.HasPrefix(lines[3], "tcp ") {
				t.Errorf("want shop, nginx and tcp:\n%s", strings.Join(lines[1:4], "\n"))
			}
			if n := strings.Count(strings.Join(lines, "\n"), "\nnginx "); n != 1 {
				t.Errorf("nginx stands %d times", n)
			}
		})
	}
}

func quoteJSON(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// What -o yaml prints is meant to be copied into a policy and changed.
func TestEachPrintedProfileIsOneThatAPolicyTakes(t *testing.T) {
	for _, output := range []string{"yaml", "json"} {
		t.Run(output, func(t *testing.T) {
			var all struct {
				Profiles []v1alpha1.Profile `json:"profiles"`
			}
			text := profilesSay(t, "", "-o", output)
			if err := yaml.UnmarshalStrict([]byte(text), &all); err != nil {
				t.Fatal(err)
			}
			built, err := catalogue.BuiltIn()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(built.Profiles, all.Profiles); diff != "" {
				t.Errorf("-built in +printed:\n%s", diff)
			}
			again := profilesSay(t, `{"policy": `+asJSON(t, text)+"}", "--policy", "-", "-o", output)
			if again != text {
				t.Error("taken into a policy, they are not the same")
			}
			var one v1alpha1.Profile
			if err := yaml.UnmarshalStrict([]byte(profilesSay(t, "", "grafana", "-o", output)), &one); err != nil || one.Name != "grafana" {
				t.Errorf("one alone: %q, %v", one.Name, err)
			}
		})
	}
}

func asJSON(t *testing.T, text string) string {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(converted)
}

func TestProfilesSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		stdin string
		want  string
	}{
		"a name that is nearly right":  {[]string{"postgress"}, "", `no profile is named "postgress": did you mean postgres?`},
		"a name that is nothing":       {[]string{"xyzzy"}, "", `no profile is named "xyzzy": without a name, all are listed`},
		"two names":                    {[]string{"a", "b"}, "", "accepts at most 1 arg"},
		"an unknown output":            {[]string{"-o", "xml"}, "", "must be text, json or yaml"},
		"a policy that is not there":   {[]string{"--policy", "none.yaml"}, "", "reading the policy"},
		"a policy that is wrong":       {[]string{"--policy", "-"}, "policy: {mode: inject}", "policy.mode: Unsupported value"},
		"a name of the policy's, near": {[]string{"shopp", "--policy", "-"}, `{"policy": ` + ownProfilesSpec + "}", "did you mean shop?"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			code := run(append([]string{"probe-injector", "profiles"}, c.args...), "v0.1.0", streams{strings.NewReader(c.stdin), &out, &problems})
			if code != int(exit.Unusable) || !strings.Contains(problems.String(), c.want) || out.Len() > 0 {
				t.Errorf("exit code %d, stdout %q, stderr must have %q:\n%s", code, out.String(), c.want, problems.String())
			}
		})
	}
}
