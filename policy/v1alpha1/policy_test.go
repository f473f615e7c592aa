package v1alpha1_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

const header = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n"

// check runs a file through all three steps and gives everything that is wrong with it.
func check(text string) string {
	p, err := v1alpha1.Decode([]byte(text))
	if err != nil {
		return err.Error()
	}
	v1alpha1.SetDefaults(p)
	if errs := v1alpha1.Validate(p, []string{"built-in"}); len(errs) > 0 {
		return errs.ToAggregate().Error()
	}
	return ""
}

func TestGoodPoliciesAreAccepted(t *testing.T) {
	rows := map[string]string{
		"only a header":            header,
		"an empty spec":            header + "spec: {}\n",
		"a comment in front":       "# ours\n---\n" + header,
		"an end":                   header + "...\n# nothing\n",
		"JSON":                     `{"apiVersion":"probe-injector.dev/v1alpha1","kind":"ProbePolicy","spec":{"mode":"Audit"}}`,
		"a rule":                   header + "spec: {rules: [{name: a, namespaceSelector: {matchLabels: {team: shop}}, probes: [readiness, liveness], mode: Audit}]}\n",
		"headers":                  header + "spec: {profiles: [{name: p, httpHeaders: [{name: X-Forwarded-Proto, value: https}], readiness: {handler: 'https:/r', httpHeaders: [{name: accept, value: ''}]}}]}\n",
		"one version":              header + "spec: {profiles: [{name: p, detect: [{images: [x], minVersion: '3.5.11', maxVersion: '3.5'}], readiness: {handler: /r}}]}\n",
		"a profile with a command": header + "spec: {profiles: [{name: pg, class: database, startupBudget: 10m, readiness: {exec: {command: [pg_isready]}, timeoutSeconds: 5}, liveness: {offer: Never}}]}\n",
		"a rule with a profile":    header + "spec: {profiles: [{name: p, readiness: {handler: /r}}], rules: [{name: a, profile: p}]}\n",
		"every setting": header + `spec:
  mode: Audit
  style: InitialDelay
  confidence: {readiness: low, liveness: medium}
  inferredLiveness: false
  maxStartupBudget: 2h
  imageMirrors: [harbor.corp/dockerhub]
  knownSidecars: [log-shipper]
`,
	}
	for name, text := range rows {
		t.Run(name, func(t *testing.T) {
			if got := check(text); got != "" {
				t.Error(got)
			}
		})
	}
}

func TestBadPoliciesAreRefusedWithThePath(t *testing.T) {
	rows := map[string]struct{ text, says string }{
		"nothing":                                  {"", "apiVersion and kind must be"},
		"not YAML":                                 {"a: b: c", "not YAML"},
		"a list":                                   {"- a", "not a ProbePolicy"},
		"another kind":                             {"apiVersion: v1\nkind: ConfigMap\n", `not "v1" "ConfigMap"`},
		"an unknown member":                        {header + "spec: {modes: Audit}\n", `unknown field "spec.modes"`},
		"a member in another case":                 {header + "spec: {Mode: Audit}\n", `unknown field "spec.Mode"`},
		"a duplicate member":                       {header + "spec: {mode: Audit, mode: Inject}\n", `"mode" already set`},
		"a second document":                        {header + "---\n" + header, "one document"},
		"text after the end":                       {header + "...\nspec: {mode: Audit}\n", `the line "..." ends`},
		"two unknown members at once":              {header + "spec: {a: 1, b: 2}\n", `unknown field "spec.b"`},
		"a mode that does not exist":               {header + "spec: {mode: inject}\n", `spec.mode: Unsupported value: "inject": supported values: "Inject", "Audit"`},
		"a style that does not exist":              {header + "spec: {style: None}\n", "spec.style"},
		"a level that does not exist":              {header + "spec: {confidence: {liveness: sure}}\n", "spec.confidence.liveness"},
		"a rule without a name":                    {header + "spec: {rules: [{probes: [readiness]}]}\n", "spec.rules[0].name"},
		"two rules of one name":                    {header + "spec: {rules: [{name: a}, {name: a}]}\n", "spec.rules[1].name: Duplicate"},
		"a rule for startup":                       {header + "spec: {rules: [{name: a, probes: [startup]}]}\n", "spec.rules[0].probes[0]"},
		"a rule without probes":                    {header + "spec: {rules: [{name: a, probes: []}]}\n", "spec.rules[0].probes: Required"},
		"a rule with a bad selector":               {header + "spec: {rules: [{name: a, podSelector: {matchExpressions: [{key: x, operator: Is}]}}]}\n", "spec.rules[0].podSelector.matchExpressions[0].operator"},
		"a rule with no such profile":              {header + "spec: {rules: [{name: a, profile: p}]}\n", "spec.rules[0].profile: Not found"},
		"a profile of no class":                    {header + "spec: {profiles: [{name: a, class: slow, readiness: {handler: /r}}]}\n", "spec.profiles[0].class"},
		"a profile of nothing":                     {header + "spec: {profiles: [{name: a}]}\n", "at least one of readiness, liveness and startup"},
		"a profile with a bad handler":             {header + "spec: {profiles: [{name: a, readiness: {handler: r}}]}\n", `spec.profiles[0].readiness.handler: Invalid value: "r"`},
		"a probe with two handlers":                {header + "spec: {profiles: [{name: a, readiness: {handler: /r, exec: {command: [x]}}}]}\n", "a probe has one handler"},
		"a command of nothing":                     {header + "spec: {profiles: [{name: a, readiness: {exec: {command: []}}}]}\n", "spec.profiles[0].readiness.exec.command: Required"},
		"a field out of bounds":                    {header + "spec: {profiles: [{name: a, liveness: {handler: /l, failureThreshold: 1}}]}\n", "spec.profiles[0].liveness.failureThreshold"},
		"a field that a probe has not":             {header + "spec: {profiles: [{name: a, readiness: {handler: /r, terminationGracePeriodSeconds: 5}}]}\n", "spec.profiles[0].readiness.terminationGracePeriodSeconds: Forbidden"},
		"a budget above the largest":               {header + "spec: {maxStartupBudget: 10m, profiles: [{name: a, startupBudget: 20m, readiness: {handler: /r}}]}\n", "spec.profiles[0].startupBudget"},
		"a largest budget of days":                 {header + "spec: {maxStartupBudget: 48h}\n", "spec.maxStartupBudget"},
		"half seconds":                             {header + "spec: {maxStartupBudget: 100500ms}\n", "whole seconds"},
		"a host with a scheme":                     {header + "spec: {profiles: [{name: a, hostHeader: 'http://x', readiness: {handler: /r}}]}\n", "spec.profiles[0].hostHeader"},
		"a sidecar that is no name":                {header + "spec: {knownSidecars: ['a b']}\n", "spec.knownSidecars[0]"},
		"an empty mirror":                          {header + "spec: {imageMirrors: ['']}\n", "spec.imageMirrors[0]"},
		"a version that is a word":                 {header + "spec: {profiles: [{name: a, detect: [{images: [x], minVersion: latest}], readiness: {handler: /r}}]}\n", `spec.profiles[0].detect[0].minVersion: Invalid value: "latest"`},
		"versions between which is none":           {header + "spec: {profiles: [{name: a, detect: [{images: [x], minVersion: '4', maxVersion: '3.9'}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].maxVersion: Invalid value: \"3.9\": must not be below minVersion, 4"},
		"a version of no image":                    {header + "spec: {profiles: [{name: a, detect: [{args: [--x], minVersion: '4'}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].images: Required"},
		"headers beside a handler that sends none": {header + "spec: {profiles: [{name: a, readiness: {handler: tcp, httpHeaders: [{name: A, value: b}]}}]}\n", "readiness.httpHeaders: Forbidden"},
		"headers beside a command":                 {header + "spec: {profiles: [{name: a, readiness: {exec: {command: [x]}, httpHeaders: [{name: A, value: b}]}}]}\n", "readiness.httpHeaders: Forbidden"},
		"a header's name with a blank":             {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: 'X Y', value: b}]}}]}\n", "readiness.httpHeaders[0].name: Invalid"},
		"a header without a name":                  {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{value: b}]}}]}\n", "readiness.httpHeaders[0].name: Invalid"},
		"the Host as a header":                     {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: host, value: b}]}}]}\n", "host: write hostHeader"},
		"a credential as a header":                 {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: AUTHORIZATION, value: b}]}}]}\n", "readable in every Pod"},
		"a header twice":                           {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: X-A, value: b}, {name: x-a, value: c}]}}]}\n", "readiness.httpHeaders[1].name: Duplicate"},
		"a header that breaks the line":            {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: X-A, value: \"b\\nc: d\"}]}}]}\n", "readiness.httpHeaders[0].value: Invalid"},
		"a header in letters that HTTP has not":    {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: X-A, value: ü}]}}]}\n", "readiness.httpHeaders[0].value: Invalid"},
		"a bad header of all probes":               {header + "spec: {profiles: [{name: a, httpHeaders: [{name: cookie, value: b}], readiness: {handler: /r}}]}\n", "spec.profiles[0].httpHeaders[0].name: Forbidden"},
		"several mistakes at once":                 {header + "spec: {mode: x, rules: [{name: A}]}\n", "spec.rules[0].name"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if got := check(row.text); !strings.Contains(got, row.says) {
				t.Errorf("got %q, which does not say %q", got, row.says)
			}
		})
	}
}

func TestAFileThatIsTooLargeIsNotRead(t *testing.T) {
	if got := check(header + strings.Repeat("#", v1alpha1.MaxFileSize)); !strings.Contains(got, "at most") {
		t.Errorf("got %q", got)
	}
}
