package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// fleet is what kubectl get namespaces,deployments -A -o yaml prints, in short.
const fleet = `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: pay, labels: {team: pay}}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: shop}
  spec:
    template:
      metadata: {annotations: {probe-injector.dev/readiness: /readyz, probe-injector.dev/readiness.failureThreshold: "4"}}
      spec: {containers: [{name: web, image: x, ports: [{containerPort: 80}]}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: api, namespace: pay}
  spec:
    template:
      spec: {containers: [{name: api, image: x, ports: [{containerPort: 8080}]}]}
`

const fleetPolicy = `apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  rules: [{name: payments, namespaceSelector: {matchLabels: {team: pay}}}]
`

// fleetWanted is what that policy does to that fleet.
const fleetWanted = `# What the Pods of each workload get, one line each, sorted. Written by probe-injector policy test --update.
pay/deployment/api  api: readiness tcp:8080 [e0740b]
shop/deployment/web  web: readiness http:80/readyz [f2d9ed]
`

// inFleet makes a folder with the three files the current one.
func inFleet(t *testing.T, fleet, policy, want string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"fleet.yaml": fleet, "policy.yaml": policy, "want.txt": want} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func policyTest(args ...string) (code exit.Code, out, problems string) {
	var stdout, stderr bytes.Buffer
	args = append([]string{"probe-injector", "policy", "test", "-f", "fleet.yaml", "--policy", "policy.yaml", "--want", "want.txt"}, args...)
	code = exit.Code(run(args, "v0.1.0", streams{strings.NewReader(""), &stdout, &stderr}))
	return code, stdout.String(), stderr.String()
}

func TestPolicyTest(t *testing.T) {
	rows := map[string]struct {
		fleet, policy, want string
		args                []string
		code                exit.Code
		// out and err are parts of the two streams; an empty one must be empty.
		out, err string
		// left is what the file holds afterwards, if it is to hold something else.
		left string
	}{
		"all is as wanted": {out: "2 workloads: 2 as wanted, 0 different, 0 not in want.txt\n"},
		"a number that changes by one": {
			fleet: strings.Replace(fleet, `"4"`, `"5"`, 1), code: exit.Found,
			out: "--- want.txt\n+++ want.txt as it is now\n@@ -2,2 +2,2 @@\n pay/deployment/api  api: readiness tcp:8080 [e0740b]\n" +
				"-shop/deployment/web  web: readiness http:80/readyz [f2d9ed]\n+shop/deployment/web  web: readiness http:80/readyz [fe77af]\n" +
				"2 workloads: 1 as wanted, 1 different, 0 not in want.txt\n",
		},
		"a policy that takes less in": {
			policy: strings.Replace(fleetPolicy, "team: pay", "team: shop", 1), args: []string{"--unmatched-rules", "payments"}, code: exit.Found,
			out: "+pay/deployment/api  untouched: it carries no annotation of ours, and no rule selects namespace pay by its labels\n",
		},
		"a workload that is new": {
			want: strings.Replace(fleetWanted, "pay/deployment/api  api: readiness tcp:8080 [e0740b]\n", "", 1), code: exit.Found,
			out: "2 workloads: 1 as wanted, 0 different, 1 not in want.txt\n",
		},
		"a workload that is gone is a test that says too little": {
			want: fleetWanted + "shop/deployment/old  web: readiness tcp:80 [111111]\n", code: exit.Unusable,
			out: "-shop/deployment/old", err: "want.txt has 1 line without a workload in the input: shop/deployment/old;",
		},
		"no workload":             {fleet: "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", code: exit.Unusable, err: "nothing to explain"},
		"input that is half read": {fleet: fleet + "---\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: broken}\nspec: {}\n", code: exit.Unusable, err: "a Pod template is required"},
		"a rule that matches nothing": {
			policy: strings.Replace(fleetPolicy, "team: pay}}}", "team: pay}}}, {name: later, namespaceSelector: {matchLabels: {team: later}}}", 1), code: exit.Unusable,
			out: "2 as wanted", err: "rule later matches no workload of the input, so that nothing tests it",
		},
		"a rule that may match nothing": {
			policy: strings.Replace(fleetPolicy, "team: pay}}}", "team: pay}}}, {name: later, namespaceSelector: {matchLabels: {team: later}}}", 1),
			args:   []string{"--unmatched-rules", "later"}, out: "2 as wanted",
		},
		"a rule that is not there may match nothing": {args: []string{"--unmatched-rules", "later"}, code: exit.Unusable, out: "2 as wanted", err: "--unmatched-rules later: the policy has no such rule"},
		"no file":                                 {want: "none", code: exit.Unusable, err: "--want want.txt: there is no such file; --update writes it"},
		"a wrong file":                            {want: "what\n", code: exit.Unusable, err: "want.txt:1: must be NAMESPACE/KIND/NAME"},
		"update writes a file":                    {want: "none", args: []string{"--update"}, out: "2 workloads, of which 0 as before, 0 changed, 2 new; 0 gone", left: fleetWanted},
		"update keeps the comment":                {want: "# ours\n", args: []string{"--update"}, out: "2 new", left: "# ours\n" + rest(fleetWanted, "pay/")},
		"update takes out what is gone":           {want: fleetWanted + "shop/pod/old  x\n", args: []string{"--update"}, out: "-shop/pod/old  x\n", left: fleetWanted},
		"update of a vacuous test writes nothing": {policy: strings.Replace(fleetPolicy, "team: pay", "team: none", 1), args: []string{"--update"}, code: exit.Unusable, err: "rule payments matches no workload"},
		"update of half an input writes nothing":  {fleet: fleet + "---\nkind: [\n", args: []string{"--update"}, code: exit.Unusable, err: "fleet.yaml"},
		"namespaces that are not known are told":  {fleet: strings.Replace(fleet, "kind: Namespace, metadata: {name: shop", "kind: Namespace, metadata: {name: other", 1), out: "2 as wanted", err: "note: the labels of shop are not known"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			want := row.want
			switch want {
			case "":
				want = fleetWanted
			case "none":
				want = ""
			}
			inFleet(t, or(row.fleet, fleet), or(row.policy, fleetPolicy), want)
			code, out, problems := policyTest(row.args...)
			if code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if !strings.Contains(out, row.out) || (row.out == "") != (out == "") {
				t.Errorf("stdout must have %q:\n%s", row.out, out)
			}
			if !strings.Contains(problems, row.err) || (row.err == "") != (problems == "") {
				t.Errorf("stderr must have %q:\n%s", row.err, problems)
			}
			left, err := os.ReadFile("want.txt")
			if diff := cmp.Diff(or(row.left, want), string(left)); diff != "" {
				t.Errorf("want.txt afterwards (%v, -want +got):\n%s", err, diff)
			}
		})
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func TestPolicyTestForCISystems(t *testing.T) {
	inFleet(t, strings.Replace(fleet, `"4"`, `"5"`, 1), fleetPolicy, strings.Replace(fleetWanted, "pay/deployment/api", "pay/deployment/another", 1))
	code, _, problems := policyTest("-o", "text", "-o", "junit=report.xml")
	if _, err := os.Stat("report.xml"); code != exit.Unusable || err == nil {
		t.Errorf("exit code %d, %s and a report of a test that says too little: %v", code, problems, err)
	}
	if err := os.WriteFile("want.txt", []byte(strings.Replace(fleetWanted, "pay/deployment/api  api: readiness tcp:8080 [e0740b]\n", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, problems := policyTest("-o", "text", "-o", "junit=report.xml")
	if code != exit.Found || problems != "" || !strings.Contains(out, "1 different, 1 not in want.txt") {
		t.Errorf("exit code %d:\n%s%s", code, out, problems)
	}
	text, err := os.ReadFile("report.xml")
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &report); err != nil || len(report.Suites) != 1 || report.Suites[0].Tests != 2 || report.Suites[0].Failures != 2 {
		t.Errorf("%v:\n%s", err, text)
	}
}

// Every field of a probe that a person can write shows in the lines when it changes by one.
func TestPolicyTestSeesEveryNumber(t *testing.T) {
	fields := map[string]int{
		"initialDelaySeconds": 7, "timeoutSeconds": 2, "periodSeconds": 9, "failureThreshold": 7, "terminationGracePeriodSeconds": 20,
	}
	for _, kind := range []string{"liveness", "readiness", "startup"} {
		for field, value := range fields {
			if kind == "readiness" && field == "terminationGracePeriodSeconds" {
				continue
			}
			t.Run(kind+"."+field, func(t *testing.T) {
				workload := func(value int) string {
					return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {probe-injector.dev/inject: "true", probe-injector.dev/%s.%s: "%d"}},
  spec: {containers: [{name: web, image: x, ports: [{containerPort: 80}]}]}}`, kind, field, value)
				}
				inFleet(t, workload(value), "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n", "")
				if code, _, problems := policyTest("--update"); code != exit.Fine {
					t.Fatal(code, problems)
				}
				if err := os.WriteFile(filepath.Join(".", "fleet.yaml"), []byte(workload(value+1)), 0o600); err != nil {
					t.Fatal(err)
				}
				if code, out, _ := policyTest(); code != exit.Found {
					t.Errorf("exit code %d:\n%s", code, out)
				}
			})
		}
	}
}

// rest is a text from where something begins in it.
func rest(text, begin string) string {
	_, after, _ := strings.Cut(text, begin)
	return begin + after
}
