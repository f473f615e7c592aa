package policy_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Whoever corrects a file should not have to hand it in once for each mistake, of whatever kind they are.
func TestAllMistakesOfAFileAreSaidAtOnce(t *testing.T) {
	for name, row := range map[string]struct {
		spec string
		// says are the beginnings of all that is said, in no order.
		says []string
	}{
		"an unknown member beside wrong words": {
			`{mode: inject, rulez: [], style: fast}`,
			[]string{`unknown field "spec.rulez"`, "spec.mode: Unsupported", "spec.style: Unsupported"},
		},
		"two values of a wrong type": {
			`{inferredLiveness: "yes", knownSidecars: proxy, mode: inject}`,
			[]string{"not a ProbePolicy: spec.inferredLiveness: is a text", "not a ProbePolicy: spec.knownSidecars: is a text", "spec.mode: Unsupported"},
		},
		"numbers and durations in other notations beside others": {
			`{maxStartupBudget: 600, style: fast, profiles: [{name: a, startupBudget: soon, readiness: {handler: /r, periodSeconds: 0x10}}]}`,
			[]string{"spec.maxStartupBudget: Invalid", "spec.profiles[0].startupBudget: Invalid", "spec.profiles[0].readiness.periodSeconds: Invalid", "spec.style: Unsupported"},
		},
		"a member that stands twice": {
			`{mode: Audit, mode: inject, style: fast}`,
			[]string{"not YAML: ", "spec.mode: Unsupported", "spec.style: Unsupported"},
		},
		"what is missing only because it could not be read is not said": {
			`{rules: [{name: a, probes: readiness}, {name: b, profile: p}], profiles: [{name: p, readiness: /r}]}`,
			[]string{"not a ProbePolicy: spec.rules[0].probes: is a text", "not a ProbePolicy: spec.profiles[0].readiness: is a text"},
		},
		"a profile that the lint rules warn of beside a rule without its profile": {
			`{rules: [{name: a, profile: none}], profiles: [{name: p, readiness: {exec: {command: [curl, "http://localhost/"]}, timeoutSeconds: 1}}]}`,
			[]string{"spec.rules[0].profile: Not found", "spec.profiles[0].readiness: Invalid"},
		},
		"times that contradict each other in one of two profiles": {
			`{profiles: [{name: a, class: slow, readiness: {handler: /r}}, {name: b, restartAfter: 2m, liveness: {handler: /l, failureThreshold: 3, periodSeconds: 10}}]}`,
			[]string{"spec.profiles[0].class: Unsupported", "spec.profiles[1].liveness.failureThreshold: Invalid"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse([]byte("apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: "+row.spec+"\n"), "v0")
			said := v1alpha1.Mistakes(err)
			for _, want := range row.says {
				found := 0
				for _, mistake := range said {
					if strings.HasPrefix(mistake.Error(), want) {
						found++
					}
				}
				if found == 0 {
					t.Errorf("nothing begins with %q", want)
				}
			}
			if len(said) != len(row.says) {
				t.Errorf("%d mistakes, want %d", len(said), len(row.says))
			}
			if t.Failed() {
				t.Log(err)
			}
		})
	}
}

// A file of nothing but wrong values is bounded: it is decoded anew for each of them.
func TestAFileOfManyWrongValuesIsReadForABoundedTime(t *testing.T) {
	_, err := policy.Parse([]byte("apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {knownSidecars: ["+strings.Repeat("1, ", 5000)+"1]}\n"), "v0")
	if n := len(v1alpha1.Mistakes(err)); n == 0 || n > 20 {
		t.Errorf("%d mistakes", n)
	}
}
