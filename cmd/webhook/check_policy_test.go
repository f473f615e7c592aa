package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPolicyIsCheckedAsTheServerReadsIt(t *testing.T) {
	for name, test := range map[string]struct {
		entries map[string]string
		// says are the lines of the error; none is a policy that is right.
		says []string
	}{
		"one that is right": {map[string]string{"policy.yaml": injectPolicy}, nil},
		"several mistakes": {
			map[string]string{"policy.yaml": "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {mode: Never, rules: [{name: a, profile: our-flsk}]}\n"},
			[]string{
				"the policy is wrong, and was not put in force (spec is policy in the values of the chart):",
				`  spec.mode: Unsupported value: "Never": supported values: "Inject", "Audit"`,
				`  spec.rules[0].profile: Not found: "our-flsk"`,
			},
		},
		"no YAML": {
			map[string]string{"policy.yaml": "kind: [broken"},
			[]string{"the policy is wrong, and was not put in force (spec is policy in the values of the chart):", "  not YAML: "},
		},
		"a file that is not there": {nil, []string{"reading the policy: open "}},
		"another policy beside it in a ConfigMap": {
			map[string]string{"policy.yaml": injectPolicy, "other.yaml": auditPolicy, mountMark: ""},
			[]string{"the policy is wrong, and was not put in force (spec is policy in the values of the chart):", "  only one key may hold a ProbePolicy, not other.yaml and policy.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for entry, text := range test.entries {
				writeFile(t, filepath.Join(folder, entry), []byte(text))
			}
			var out bytes.Buffer
			err := run(t.Context(), []string{"--check-policy=" + filepath.Join(folder, "policy.yaml")}, &out, io.Discard)
			if test.says == nil {
				if err != nil || !strings.HasPrefix(out.String(), "The policy is right") {
					t.Errorf("%v: %s", err, out.String())
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			said := strings.Split(err.Error(), "\n")
			if len(said) != len(test.says) {
				t.Fatalf("it says\n%v", err)
			}
			for i, want := range test.says {
				if !strings.HasPrefix(said[i], want) {
					t.Errorf("line %d is %q, want %q", i+1, said[i], want)
				}
			}
		})
	}
}
