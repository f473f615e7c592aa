package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
)

const pod = `apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {probe-injector.dev/readiness: /readyz}}
spec: {containers: [{name: web, image: x, ports: [{containerPort: 80}]}]}
`

func TestCommandLine(t *testing.T) {
	validPolicy := fileWith(t, "policy.yaml", "policy: {rules: [{name: a, podSelector: {matchLabels: {app: web}}}, {name: b}, {name: c, namespaceSelector: {matchLabels: {x: \"y\"}}}]}\n")
	t.Setenv("HOME", t.TempDir())
	awayKubeconfig := fileWith(t, "kubeconfig", `{"apiVersion": "v1", "kind": "Config", "current-context": "away", "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
		"contexts": [{"name": "away", "context": {"cluster": "c", "namespace": "shop"}}]}`)
	wrongPolicy := fileWith(t, "wrong.yaml", "policy: {mode: inject, style: x}\n")
	cases := map[string]struct {
		args  []string
		stdin string
		code  int
		out   string
		err   string
	}{
		"the version":                            {args: []string{"probe-injector", "--version"}, out: "probe-injector v0.1.0\n"},
		"the version of the plugin":              {args: []string{"/bin/kubectl-probe_injector", "--version"}, out: "kubectl probe-injector v0.1.0\n"},
		"without a verb, help":                   {args: []string{"probe-injector"}, out: "Available Commands:"},
		"an unknown verb":                        {args: []string{"probe-injector", "doctor"}, code: 2, err: `unknown command "doctor"`},
		"explain without a file":                 {args: []string{"probe-injector", "explain"}, code: 2, err: "say what to explain"},
		"explain a file that is not there":       {args: []string{"probe-injector", "explain", "-f", "none.yaml"}, code: 2, err: `"none.yaml" does not exist`},
		"explain a file and a workload":          {args: []string{"probe-injector", "explain", "-f", "-", "deployment/web"}, code: 2, err: "write either -f FILE or TYPE/NAME"},
		"explain two workloads":                  {args: []string{"probe-injector", "explain", "deployment/web", "deployment/api"}, code: 2, err: "accepts at most 1 arg"},
		"explain without a cluster":              {args: []string{"probe-injector", "explain", "--kubeconfig", "none", "deployment/web"}, code: 2, err: "reading the kubeconfig: "},
		"explain in a cluster that is away":      {args: []string{"probe-injector", "explain", "--kubeconfig", awayKubeconfig, "deployment/web"}, code: 3, err: "cluster: context away\n"},
		"explain the standard input":             {args: []string{"probe-injector", "explain", "-f", "-"}, stdin: pod, out: "readinessProbe"},
		"a namespace for objects that name none": {args: []string{"probe-injector", "explain", "-n", "kube-system", "-f", "-"}, stdin: pod, out: "namespace kube-system is never touched"},
		"an unknown output":                      {args: []string{"probe-injector", "explain", "-o", "xml", "-f", "-"}, code: 2, err: "must be text, line, json or yaml"},
		"the standard input twice":               {args: []string{"probe-injector", "explain", "-f", "-", "--policy", "-"}, code: 2, err: "either the policy or the manifests"},
		"a policy that is not there":             {args: []string{"probe-injector", "explain", "-f", "-", "--policy", "none.yaml"}, code: 2, err: "reading the policy"},
		"validate a policy":                      {args: []string{"probe-injector", "policy", "validate", validPolicy}, out: "valid: 3 rules, 2 groups, 0 profiles\n"},
		"validate names the place":               {args: []string{"probe-injector", "policy", "validate", "-"}, stdin: "policy:\n", out: "standard input (policy): valid: 1 rule, 1 group, 0 profiles\n"},
		"validate says all mistakes":             {args: []string{"probe-injector", "policy", "validate", wrongPolicy}, code: 1, err: "policy.style: Unsupported value"},
		"validate takes one file":                {args: []string{"probe-injector", "policy", "validate"}, code: 2, err: "accepts 1 arg"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			if code := run(c.args, "v0.1.0", streams{strings.NewReader(c.stdin), &out, &problems}); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !strings.Contains(out.String(), c.out) {
				t.Errorf("stdout lacks %q:\n%s", c.out, out.String())
			}
			if !strings.Contains(problems.String(), c.err) || (c.err == "") != (problems.Len() == 0) {
				t.Errorf("stderr must have %q:\n%s", c.err, problems.String())
			}
		})
	}
}

func TestOutputsForPrograms(t *testing.T) {
	for output, parse := range map[string]func([]byte, any) error{
		"json": json.Unmarshal,
		"yaml": func(text []byte, into any) error { return yaml.UnmarshalStrict(text, into) },
	} {
		t.Run(output, func(t *testing.T) {
			var out, problems bytes.Buffer
			args := []string{"probe-injector", "explain", "-f", "-", "-o", output}
			if code := run(args, "v0.1.0", streams{strings.NewReader(pod), &out, &problems}); code != int(exit.Fine) {
				t.Fatalf("exit code %d: %s", code, problems.String())
			}
			var report explanation.Report
			if err := parse(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			if report.Kind != explanation.Kind || report.APIVersion != explanation.APIVersion {
				t.Errorf("kind %q, apiVersion %q", report.Kind, report.APIVersion)
			}
			probe := report.Workloads[0].Answers[0].Containers[0].Probes[0]
			if probe.Field != "readinessProbe" || probe.Value.HTTPGet.Path != "/readyz" || len(probe.Numbers) < 5 || len(probe.Guarantees) == 0 {
				t.Errorf("probe: %+v", probe)
			}
		})
	}
}

func TestFolders(t *testing.T) {
	folder := filepath.Dir(fileWith(t, "b.yaml", strings.ReplaceAll(pod, "name: web,", "name: b,")))
	for name, text := range map[string]string{"a.yaml": strings.ReplaceAll(pod, "name: web,", "name: a,"), "notes.txt": "not read"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems bytes.Buffer
	if code := run([]string{"probe-injector", "explain", "-f", folder}, "v0.1.0", streams{nil, &out, &problems}); code != int(exit.Fine) {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	first, second := strings.Index(out.String(), "Pod a\n"), strings.Index(out.String(), "Pod b\n")
	if first < 0 || second < first || !strings.Contains(out.String(), "2 workloads: 2 get probes") {
		t.Errorf("want a, then b, then the sum:\n%s", out.String())
	}
}

func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
