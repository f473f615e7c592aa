package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/check"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/lintreport"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

// lintFormats are those that tell findings.
var lintFormats = []string{outputText, outputJSON, outputSARIF, outputGitHub, outputJUnit}

// lintCase runs lint and gives what it answers.
func lintCase(stdin string, args ...string) (code exit.Code, out, problems string) {
	var stdout, stderr bytes.Buffer
	got := run(append([]string{"probe-injector", "lint"}, args...), "v0.1.0", streams{strings.NewReader(stdin), &stdout, &stderr})
	return exit.Code(got), stdout.String(), stderr.String()
}

// positionOf is where a text stands in a file, from the text alone.
func positionOf(t *testing.T, file, text string) (line, column int) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, each := range strings.Split(string(content), "\n") {
		if strings.HasPrefix(strings.TrimLeft(each, " "), text) {
			return i + 1, strings.Index(each, text) + 1
		}
	}
	t.Fatalf("%s has no %q", file, text)
	return 0, 0
}

func TestLintFindsTheMistakesOfTheExamplesInEveryFormat(t *testing.T) {
	t.Chdir(examplesFolder)
	text, err := os.ReadFile("mistakes/expected.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string][]mistake
	if err := yaml.UnmarshalStrict(text, &expected); err != nil || len(expected) != 5 {
		t.Fatal(len(expected), err)
	}
	for name, mistakes := range expected {
		file := "mistakes/" + name
		var want []string
		for _, m := range mistakes {
			line, column := positionOf(t, file, m.Probe+"Probe:")
			want = append(want, fmt.Sprintf("%s:%d:%d %s", file, line, column, m.Rule))
		}
		slices.Sort(want)
		for _, format := range lintFormats {
			t.Run(format+" "+name, func(t *testing.T) {
				code, out, problems := lintCase("", "-f", file, "-o", format, "--fail-on", "note")
				if code != exit.Found {
					t.Errorf("code %d: %s", code, problems)
				}
				var got []string
				for _, f := range readFormat(t, format, out) {
					got = append(got, fmt.Sprintf("%s:%d:%d %s", f.file, f.line, f.column, f.id))
				}
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s\n%s", diff, out)
				}
			})
		}
	}
}

func TestBadInputEndsLintWithoutFiles(t *testing.T) {
	for name, text := range map[string]string{
		"cut off": "kind: Pod\nspec: {", "a tab": "kind: Pod\n\tx: y\n", "a key twice": strings.Replace(pod, "kind: Pod", "kind: Pod\nkind: Pod", 1),
		"true without quotes": strings.Replace(pod, "probe-injector.dev/readiness: /readyz", "probe-injector.dev/inject: true", 1),
		"binary":              "\x7fELF\x00", "large": strings.Repeat("#", manifest.MaxSize+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			wrong := strings.Replace(pod, "probe-injector.dev/readiness: /readyz", "probe-injector.dev/readiness: readyz", 1)
			err := errors.Join(os.Mkdir("k8s", 0o700), os.WriteFile("k8s/bad.yaml", []byte(text), 0o600), os.WriteFile("k8s/wrong.yaml", []byte(wrong), 0o600))
			if err != nil {
				t.Fatal(err)
			}
			code, out, problems := lintCase("", "-f", "k8s", "-o", "text", "-o", "json=a.json", "-o", "sarif=a.sarif")
			if code != exit.Unusable || !strings.HasPrefix(problems, "error: k8s/bad.yaml:") {
				t.Errorf("code %d, stderr %q", code, problems)
			}
			if !strings.Contains(out, "k8s/wrong.yaml:3:37: error: pod/web: probe-injector.dev/readiness") || !strings.Contains(out, "; not all could be read") {
				t.Errorf("the other file is not judged:\n%s", out)
			}
			if left, _ := filepath.Glob("*a.*"); left != nil {
				t.Errorf("%v are left", left)
			}
			code, out, _ = lintCase("", "-f", "k8s", "-o", "sarif")
			var log struct {
				Runs []struct {
					Invocations []struct{ ExecutionSuccessful bool }
				}
			}
			if err := json.Unmarshal([]byte(out), &log); err != nil || code != exit.Unusable || log.Runs[0].Invocations[0].ExecutionSuccessful {
				t.Errorf("SARIF says %+v, code %d, error %v", log, code, err)
			}
		})
	}
}

func TestLintCommandLine(t *testing.T) {
	wrong := strings.Replace(pod, "probe-injector.dev/readiness: /readyz", "probe-injector.dev/readiness: readyz", 1)
	worker := "apiVersion: v1\nkind: Pod\nmetadata: {name: w, annotations: {probe-injector.dev/inject: \"true\"}}\nspec: {containers: [{name: w, image: x}]}\n"
	for name, row := range map[string]struct {
		args  []string
		stdin string
		code  exit.Code
		out   string
		err   string
	}{
		"without a file":                      {nil, "", exit.Unusable, "", "say what to lint"},
		"nothing to look at":                  {[]string{"-f", "-"}, "kind: A\napiVersion: v1\n", exit.Unusable, "", "nothing to lint"},
		"nothing at all":                      {[]string{"-f", "-"}, "", exit.Unusable, "", "nothing to lint"},
		"nothing is wrong":                    {[]string{"-f", "-"}, pod, exit.Fine, "no findings in 1 workload\npolicy: the chart's own", ""},
		"something is wrong":                  {[]string{"-f", "-"}, wrong, exit.Found, `standard input:3:37: error: pod/web: probe-injector.dev/readiness: "readyz"`, ""},
		"a warning":                           {[]string{"-f", "-"}, worker, exit.Found, "warning: pod/w (w): no liveness+readiness: no TCP containerPort", ""},
		"a warning, and errors count":         {[]string{"-f", "-", "--fail-on", "error"}, worker, exit.Fine, "1 finding in 1 of 1 workload", ""},
		"nothing counts":                      {[]string{"-f", "-", "--fail-on", "none"}, wrong, exit.Fine, "1 finding", ""},
		"notes":                               {[]string{"-f", "-", "--notes"}, pod, exit.Fine, "note: pod/web (web): no livenessProbe", ""},
		"notes count":                         {[]string{"-f", "-", "--fail-on", "note"}, pod, exit.Found, "[PS032]", ""},
		"an unknown severity":                 {[]string{"-f", "-", "--fail-on", "info"}, pod, exit.Unusable, "", "must be none, note, warning or error"},
		"an unknown format":                   {[]string{"-f", "-", "-o", "xml"}, pod, exit.Unusable, "", "must be text, json, sarif, github, junit or accept"},
		"two formats to the standard output":  {[]string{"-f", "-", "-o", "json", "-o", "sarif"}, pod, exit.Unusable, "", "the standard output takes one report"},
		"a folder that is not there":          {[]string{"-f", "-", "-o", "json=none/a.json"}, pod, exit.Unusable, "", "no such file or directory"},
		"the standard input twice":            {[]string{"-f", "-", "--policy", "-"}, pod, exit.Unusable, "", "either the policy or the manifests"},
		"a policy that is wrong":              {[]string{"-f", "-", "--policy", "../../examples/annotations/http.yaml"}, pod, exit.Unusable, "", "is not a valid policy"},
		"what is accepted is not there":       {[]string{"-f", "-", "--accept", "none"}, pod, exit.Unusable, "", "reading what is accepted"},
		"labels that are known":               {[]string{"-f", "-", "--namespace-labels", "default=probe-injector.dev/inject=true", "--notes"}, strings.Replace(pod, ", annotations: {probe-injector.dev/readiness: /readyz}", "", 1), exit.Fine, "no findings", ""},
		"labels that are not known are noted": {[]string{"-f", "-"}, strings.Replace(pod, ", annotations: {probe-injector.dev/readiness: /readyz}", "", 1), exit.Fine, "no findings", "note: rules that select namespaces by their labels are not asked about default"},
		"Helm names the template":             {[]string{"-f", "-"}, "---\n# Source: shop/templates/web.yaml\n" + wrong, exit.Found, "standard input:5:37: error: pod/web: probe-injector.dev/readiness: \"readyz\": a path begins with", ""},
		"and at the end":                      {[]string{"-f", "-"}, "---\n# Source: shop/templates/web.yaml\n" + wrong, exit.Found, "[invalid_annotation] (shop/templates/web.yaml)\n", ""},
		"colors":                              {[]string{"-f", "-", "--color=always"}, wrong, exit.Found, "\x1b[31merror\x1b[0m", ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, problems := lintCase(row.stdin, row.args...)
			if code != row.code || !strings.Contains(out, row.out) || !strings.Contains(problems, row.err) || (row.err == "") != (problems == "") {
				t.Errorf("code %d, want %d; want %q in\n%s\nand %q in\n%s", code, row.code, row.out, out, row.err, problems)
			}
			if row.code == exit.Unusable && out != "" {
				t.Errorf("stdout has %q", out)
			}
		})
	}
}

func TestWhatIsAcceptedIsLeftOut(t *testing.T) {
	t.Chdir(filepath.Join(caseFolder, "existing-probes"))
	folder := t.TempDir()
	file := filepath.Join(folder, "accept")
	code, out, problems := lintCase("", "-f", inputFile, "-o", "text", "-o", "accept="+file)
	if code != exit.Found || problems != "" || !strings.Contains(out, "5 findings") {
		t.Fatalf("code %d\n%s%s", code, out, problems)
	}
	for _, format := range append(lintFormats, outputAccept) {
		if code, out, problems := lintCase("", "-f", inputFile, "--accept", file, "-o", format); code != exit.Fine || problems != "" || len(readFormat(t, format, out)) > 0 && format != outputAccept {
			t.Errorf("%s: code %d\n%s%s", format, code, out, problems)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Words of people stay, and a line for what is gone goes.
	edited := strings.Replace(string(text), "was there when this file was written", "OPS-12", 1) + "PS014  default/deployment/web/web  # gone\n"
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, problems = lintCase("", "-f", inputFile, "--accept", file, "-o", "accept")
	if code != exit.Fine || !strings.Contains(problems, ": PS014 default/deployment/web/web accepts nothing any more: remove the line") ||
		out != strings.Replace(string(text), "was there when this file was written", "OPS-12", 1) {
		t.Errorf("code %d, stderr %q:\n%s", code, problems, out)
	}
}

// recordingListener counts the connections to an address.
func recordingListener(t *testing.T) (address string, connections func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	count := make(chan int)
	go func() {
		n := 0
		for {
			connection, err := listener.Accept()
			if err != nil {
				count <- n
				return
			}
			n++
			_ = connection.Close()
		}
	}()
	return listener.Addr().String(), func() int {
		_ = listener.Close()
		return <-count
	}
}

func TestVerbsThatReadFilesConnectToNobody(t *testing.T) {
	address, connections := recordingListener(t)
	kubeconfig := fileWith(t, "config", "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: \"http://"+address+"\"}}]\nusers: [{name: u, user: {token: x}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n")
	t.Setenv("KUBECONFIG", kubeconfig)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://"+address)
	}
	for _, args := range [][]string{
		{"lint", "-f", "-"}, {"lint", "-f", "-", "-o", "sarif"}, {"explain", "-f", "-"}, {"inject", "-f", "-"}, {"profiles"}, {"policy", "validate", "../../examples/annotations/profile-policy.yaml"},
	} {
		var out, problems bytes.Buffer
		if code := run(append([]string{"probe-injector"}, args...), "v0.1.0", streams{strings.NewReader(pod), &out, &problems}); code != int(exit.Fine) {
			t.Errorf("%v: code %d: %s", args, code, problems.String())
		}
	}
	remote := filepath.Dir(fileWith(t, "kustomization.yaml", "resources: [\"http://"+address+"/x.yaml\", \"git@"+address+":a/b\"]\n"))
	if code, _, problems := lintCase("", "-k", remote); code != exit.Unusable || !strings.Contains(problems, "nothing is fetched") {
		t.Errorf("code %d: %s", code, problems)
	}
	// That the listener sees what comes is part of the test.
	if connection, err := net.DialTimeout("tcp", address, time.Minute); err == nil {
		_ = connection.Close()
	}
	if n := connections(); n != 1 {
		t.Errorf("%d connections besides that of the test", n-1)
	}
}

// Linting takes no longer than reading does, so that together it is twice the time of reading, however many there are.
func TestManifestsAreLintedInTwiceTheTimeOfReadingThem(t *testing.T) {
	const manifests, rounds, most = 250, 3, 2.0
	folder := t.TempDir()
	text, err := os.ReadFile(filepath.Join(examplesFolder, "mistakes", "aggressive-liveness.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range manifests {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d.yaml", i)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := policyfile.Default("v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	reading, linting := time.Hour, time.Hour
	for range rounds {
		start := time.Now()
		in, err := manifest.Read(manifest.Files{Names: []string{folder}, Namespace: "default"})
		if err != nil || len(in.Workloads) != manifests {
			t.Fatal(len(in.Workloads), err)
		}
		read := time.Since(start)
		result, err := check.All(file, in)
		if err != nil || len(result.Findings) != 4*manifests {
			t.Fatal(len(result.Findings), err)
		}
		reading, linting = min(reading, read), min(linting, time.Since(start))
	}
	t.Logf("reading %v, reading and linting %v: %.2f times", reading, linting, float64(linting)/float64(reading))
	if float64(linting) > most*float64(reading) {
		t.Errorf("linting takes %v, reading %v", linting, reading)
	}
}

// A finding is told in the words in which the webhook warns, without a warning's length.
func TestFindingsHaveTheWordsOfTheExplanation(t *testing.T) {
	t.Chdir(examplesFolder)
	_, out, _ := lintCase("", "-f", "annotations/profile.yaml", "-o", "json")
	var report lintreport.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	want := []finding.Finding{{
		ID: "invalid_annotation", Severity: finding.Error,
		Workload: finding.Workload{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "default", Name: "orders-db"},
		Position: finding.Position{File: "annotations/profile.yaml", Line: 17, Column: 9},
		Field:    "spec.template.metadata.annotations[probe-injector.dev/profile]",
		Message:  `probe-injector.dev/profile: "orders-db": no such profile: probe-injector profiles lists them`,
	}}
	if diff := cmp.Diff(want, report.Findings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
