package v1alpha1_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

const header = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n"

// builtIn is a profile that rules may name.
func builtIn() []v1alpha1.Profile {
	return []v1alpha1.Profile{{
		Name:      "built-in",
		Readiness: &v1alpha1.ProfileProbe{Offer: v1alpha1.Offered, Handler: "/r"},
		Liveness:  &v1alpha1.ProfileProbe{Offer: v1alpha1.Never},
	}}
}

// check runs a file through all three steps and gives everything that is wrong with it.
func check(text string) string {
	p, err := v1alpha1.Decode([]byte(text))
	if err != nil {
		return err.Error()
	}
	v1alpha1.SetDefaults(p)
	if errs := v1alpha1.Validate(p, builtIn()); len(errs) > 0 {
		return errs.ToAggregate().Error()
	}
	return ""
}

func TestGoodPoliciesAreAccepted(t *testing.T) {
	rows := map[string]string{
		"only a header":                      header,
		"an empty spec":                      header + "spec: {}\n",
		"a comment in front":                 "# ours\n---\n" + header,
		"an end":                             header + "...\n# nothing\n",
		"JSON":                               `{"apiVersion":"probe-injector.dev/v1alpha1","kind":"ProbePolicy","spec":{"mode":"Audit"}}`,
		"a rule":                             header + "spec: {rules: [{name: a, namespaceSelector: {matchLabels: {team: shop}}, probes: [readiness, liveness], mode: Audit}]}\n",
		"headers":                            header + "spec: {profiles: [{name: p, httpHeaders: [{name: X-Forwarded-Proto, value: https}], readiness: {handler: 'https:/r', httpHeaders: [{name: accept, value: ''}]}}]}\n",
		"a version in octal, which is text":  header + "spec: {profiles: [{name: p, detect: [{images: [x], minVersion: '010'}], readiness: {handler: /r}}]}\n",
		"a program with blanks, of Windows":  header + "spec: {profiles: [{name: p, readiness: {exec: {command: ['C:\\\\Program Files\\\\x.exe', -q]}}}]}\n",
		"a shell and its line":               header + "spec: {profiles: [{name: p, readiness: {exec: {command: [sh, -c, 'test -f /x && exit 0']}}}]}\n",
		"publishers and mirrors":             header + "spec: {imageMirrors: ['harbor.corp:5000', localhost/hub, 'localhost:5000'], profiles: [{name: p, detect: [{images: [x], publishers: [docker.io, docker.io/bitnami, quay.io/a/b_c/d-e, 'harbor.corp/own']}], readiness: {handler: /r}}]}\n",
		"a narrow rule before a wide one":    header + "spec: {rules: [{name: a, podSelector: {matchLabels: {x: w}}}, {name: b}]}\n",
		"rules for Pods that overlap":        header + "spec: {rules: [{name: a, podSelector: {matchLabels: {x: w}}}, {name: b, podSelector: {matchLabels: {z: w}}}]}\n",
		"rules of different namespaces":      header + "spec: {rules: [{name: a}, {name: b, namespaceSelector: {matchLabels: {t: s}}}]}\n",
		"rules that exclude each other":      header + "spec: {rules: [{name: a, podSelector: {matchExpressions: [{key: x, operator: In, values: [a, b]}]}}, {name: b, podSelector: {matchExpressions: [{key: x, operator: NotIn, values: [a]}]}}]}\n",
		"a rule for what a profile offers":   header + "spec: {rules: [{name: a, profile: built-in, probes: [readiness]}]}\n",
		"a narrow profile before a wide one": header + "spec: {profiles: [{name: a, detect: [{images: [xy], minVersion: '3'}], readiness: {handler: /r}}, {name: b, detect: [{images: ['x*']}], readiness: {handler: /r}}]}\n",
		"profiles of different versions":     header + "spec: {profiles: [{name: a, detect: [{images: [x], maxVersion: '2'}], readiness: {handler: /r}}, {name: b, detect: [{images: [x], minVersion: '3'}], readiness: {handler: /r}}]}\n",
		"profiles without detection":         header + "spec: {profiles: [{name: a, readiness: {handler: /r}}, {name: b, readiness: {handler: /r}}]}\n",
		"one version":                        header + "spec: {profiles: [{name: p, detect: [{images: [x], minVersion: '3.5.11', maxVersion: '3.5'}], readiness: {handler: /r}}]}\n",
		"a profile with a command":           header + "spec: {profiles: [{name: pg, class: database, startupBudget: 10m, readiness: {exec: {command: [pg_isready]}, timeoutSeconds: 5}, liveness: {offer: Never}}]}\n",
		"a rule with a profile":              header + "spec: {profiles: [{name: p, readiness: {handler: /r}}], rules: [{name: a, profile: p}]}\n",
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
		"nothing":                                              {"", "apiVersion and kind must be"},
		"not YAML":                                             {"a: b: c", "not YAML"},
		"a list":                                               {"- a", "not a ProbePolicy"},
		"another kind":                                         {"apiVersion: v1\nkind: ConfigMap\n", `not "v1" "ConfigMap"`},
		"an unknown member":                                    {header + "spec: {modes: Audit}\n", `unknown field "spec.modes"`},
		"a member in another case":                             {header + "spec: {Mode: Audit}\n", `unknown field "spec.Mode"`},
		"a duplicate member":                                   {header + "spec: {mode: Audit, mode: Inject}\n", `"mode" already set`},
		"a second document":                                    {header + "---\n" + header, "one document"},
		"text after the end":                                   {header + "...\nspec: {mode: Audit}\n", `the line "..." ends`},
		"two unknown members at once":                          {header + "spec: {a: 1, b: 2}\n", `unknown field "spec.b"`},
		"a mode that does not exist":                           {header + "spec: {mode: inject}\n", `spec.mode: Unsupported value: "inject": supported values: "Inject", "Audit"`},
		"a style that does not exist":                          {header + "spec: {style: None}\n", "spec.style"},
		"a level that does not exist":                          {header + "spec: {confidence: {liveness: sure}}\n", "spec.confidence.liveness"},
		"a rule without a name":                                {header + "spec: {rules: [{probes: [readiness]}]}\n", "spec.rules[0].name"},
		"two rules of one name":                                {header + "spec: {rules: [{name: a}, {name: a}]}\n", "spec.rules[1].name: Duplicate"},
		"a rule for startup":                                   {header + "spec: {rules: [{name: a, probes: [startup]}]}\n", "spec.rules[0].probes[0]"},
		"a rule without probes":                                {header + "spec: {rules: [{name: a, probes: []}]}\n", "spec.rules[0].probes: Required"},
		"a rule with a bad selector":                           {header + "spec: {rules: [{name: a, podSelector: {matchExpressions: [{key: x, operator: Is}]}}]}\n", "spec.rules[0].podSelector.matchExpressions[0].operator"},
		"a rule with no such profile":                          {header + "spec: {rules: [{name: a, profile: p}]}\n", "spec.rules[0].profile: Not found"},
		"a profile of no class":                                {header + "spec: {profiles: [{name: a, class: slow, readiness: {handler: /r}}]}\n", "spec.profiles[0].class"},
		"a profile of nothing":                                 {header + "spec: {profiles: [{name: a}]}\n", "at least one of readiness, liveness and startup"},
		"a profile with a bad handler":                         {header + "spec: {profiles: [{name: a, readiness: {handler: r}}]}\n", `spec.profiles[0].readiness.handler: Invalid value: "r"`},
		"a probe with two handlers":                            {header + "spec: {profiles: [{name: a, readiness: {handler: /r, exec: {command: [x]}}}]}\n", "a probe has one handler"},
		"a command of nothing":                                 {header + "spec: {profiles: [{name: a, readiness: {exec: {command: []}}}]}\n", "spec.profiles[0].readiness.exec.command: Required"},
		"a field out of bounds":                                {header + "spec: {profiles: [{name: a, liveness: {handler: /l, failureThreshold: 1}}]}\n", "spec.profiles[0].liveness.failureThreshold"},
		"a field that a probe has not":                         {header + "spec: {profiles: [{name: a, readiness: {handler: /r, terminationGracePeriodSeconds: 5}}]}\n", "spec.profiles[0].readiness.terminationGracePeriodSeconds: Forbidden"},
		"a budget above the largest":                           {header + "spec: {maxStartupBudget: 10m, profiles: [{name: a, startupBudget: 20m, readiness: {handler: /r}}]}\n", "spec.profiles[0].startupBudget"},
		"a largest budget of days":                             {header + "spec: {maxStartupBudget: 48h}\n", "spec.maxStartupBudget"},
		"half seconds":                                         {header + "spec: {maxStartupBudget: 100500ms}\n", "whole seconds"},
		"a host with a scheme":                                 {header + "spec: {profiles: [{name: a, hostHeader: 'http://x', readiness: {handler: /r}}]}\n", "spec.profiles[0].hostHeader"},
		"a sidecar that is no name":                            {header + "spec: {knownSidecars: ['a b']}\n", "spec.knownSidecars[0]"},
		"an empty mirror":                                      {header + "spec: {imageMirrors: ['']}\n", "spec.imageMirrors[0]"},
		"a version that is a word":                             {header + "spec: {profiles: [{name: a, detect: [{images: [x], minVersion: latest}], readiness: {handler: /r}}]}\n", `spec.profiles[0].detect[0].minVersion: Invalid value: "latest"`},
		"versions between which is none":                       {header + "spec: {profiles: [{name: a, detect: [{images: [x], minVersion: '4', maxVersion: '3.9'}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].maxVersion: Invalid value: \"3.9\": must not be below minVersion, 4"},
		"a version of no image":                                {header + "spec: {profiles: [{name: a, detect: [{args: [--x], minVersion: '4'}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].images: Required"},
		"headers beside a handler that sends none":             {header + "spec: {profiles: [{name: a, readiness: {handler: tcp, httpHeaders: [{name: A, value: b}]}}]}\n", "readiness.httpHeaders: Forbidden"},
		"headers beside a command":                             {header + "spec: {profiles: [{name: a, readiness: {exec: {command: [x]}, httpHeaders: [{name: A, value: b}]}}]}\n", "readiness.httpHeaders: Forbidden"},
		"a header's name with a blank":                         {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: 'X Y', value: b}]}}]}\n", "readiness.httpHeaders[0].name: Invalid"},
		"a header without a name":                              {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{value: b}]}}]}\n", "readiness.httpHeaders[0].name: Invalid"},
		"the Host as a header":                                 {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: host, value: b}]}}]}\n", "host: write hostHeader"},
		"a credential as a header":                             {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: AUTHORIZATION, value: b}]}}]}\n", "readable in every Pod"},
		"a header twice":                                       {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: X-A, value: b}, {name: x-a, value: c}]}}]}\n", "readiness.httpHeaders[1].name: Duplicate"},
		"a header that breaks the line":                        {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: X-A, value: \"b\\nc: d\"}]}}]}\n", "readiness.httpHeaders[0].value: Invalid"},
		"a header in letters that HTTP has not":                {header + "spec: {profiles: [{name: a, readiness: {handler: /r, httpHeaders: [{name: X-A, value: ü}]}}]}\n", "readiness.httpHeaders[0].value: Invalid"},
		"a bad header of all probes":                           {header + "spec: {profiles: [{name: a, httpHeaders: [{name: cookie, value: b}], readiness: {handler: /r}}]}\n", "spec.profiles[0].httpHeaders[0].name: Forbidden"},
		"text behind an end with a comment":                    {header + "... # end\nspec: {mode: Audit}\n", "the line \"...\" ends"},
		"a port in octal":                                      {header + "spec: {profiles: [{name: a, detect: [{images: [x], ports: [0777]}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].ports[0]: Invalid value: \"0777\": YAML reads this as 511: write a decimal number without leading zeros"},
		"a number in hexadecimal":                              {header + "spec: {profiles: [{name: a, readiness: {handler: /r, periodSeconds: 0x10}}]}\n", "spec.profiles[0].readiness.periodSeconds: Invalid value: \"0x10\": YAML reads this as 16"},
		"a number with underscores":                            {header + "spec: {profiles: [{name: a, ports: [{number: 8_080}], readiness: {handler: /r}}]}\n", "spec.profiles[0].ports[0].number: Invalid value: \"8_080\""},
		"a duration without its unit":                          {header + "spec: {maxStartupBudget: 600}\n", "spec.maxStartupBudget: Invalid value: \"600\": a duration has a unit: write 600s"},
		"a command as one text":                                {header + "spec: {profiles: [{name: a, readiness: {exec: pg_isready -q}}]}\n", "spec.profiles[0].readiness.exec: is a text, must be a mapping with the program and its arguments one by one"},
		"arguments as one text":                                {header + "spec: {profiles: [{name: a, readiness: {exec: {command: pg_isready -q}}}]}\n", "spec.profiles[0].readiness.exec.command: is a text, must be a list of texts"},
		"a program and its arguments as one argument":          {header + "spec: {profiles: [{name: a, readiness: {exec: {command: [pg_isready -q]}}}]}\n", "spec.profiles[0].readiness.exec.command[0]: Invalid value: \"pg_isready -q\": the kubelet starts a program of this name, blanks and all: write one argument each, [pg_isready, -q]"},
		"a line for a shell without the shell":                 {header + "spec: {profiles: [{name: a, readiness: {exec: {command: ['test -f /x && exit 0']}}}]}\n", "or [sh, -c, \"test -f /x && exit 0\"] for a shell"},
		"a version without quotes":                             {header + "spec: {profiles: [{name: a, detect: [{images: [x], minVersion: 3.10}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].minVersion: is a number, must be a text: put it in quotes"},
		"a number in quotes":                                   {header + "spec: {profiles: [{name: a, readiness: {handler: /r, periodSeconds: '5'}}]}\n", "spec.profiles[0].readiness.periodSeconds: is a text, must be a whole number, without quotes"},
		"a publisher without a registry":                       {header + "spec: {profiles: [{name: a, detect: [{images: [x], publishers: [bitnami]}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].publishers[0]: Invalid value: \"bitnami\": begin with the registry: docker.io/bitnami"},
		"another name of Docker Hub":                           {header + "spec: {profiles: [{name: a, detect: [{images: [x], publishers: [registry.hub.docker.com/bitnami]}], readiness: {handler: /r}}]}\n", "write docker.io/bitnami"},
		"an image for a publisher":                             {header + "spec: {profiles: [{name: a, detect: [{images: [x], publishers: [docker.io/bitnami/redis]}], readiness: {handler: /r}}]}\n", "a publisher on Docker Hub is docker.io/bitnami; redis belongs to images"},
		"a publisher below a mirror":                           {header + "spec: {imageMirrors: [harbor.corp/hub], profiles: [{name: a, detect: [{images: [x], publishers: [harbor.corp/hub/bitnami]}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[0].publishers[0]: Invalid value: \"harbor.corp/hub/bitnami\": imageMirrors make this docker.io/bitnami: write that"},
		"a mirror without a registry":                          {header + "spec: {imageMirrors: [dockerhub]}\n", "spec.imageMirrors[0]"},
		"a mirror with a tag":                                  {header + "spec: {imageMirrors: ['harbor.corp/hub:latest']}\n", "spec.imageMirrors[0]"},
		"a mirror in capitals":                                 {header + "spec: {imageMirrors: [Harbor.corp/hub]}\n", "spec.imageMirrors[0]"},
		"a mirror with an empty segment":                       {header + "spec: {imageMirrors: [harbor.corp//hub]}\n", "spec.imageMirrors[0]"},
		"a mirror as a URL":                                    {header + "spec: {imageMirrors: ['https://harbor.corp/hub']}\n", "spec.imageMirrors[0]"},
		"a mirror twice":                                       {header + "spec: {imageMirrors: [harbor.corp/hub, harbor.corp/hub]}\n", "spec.imageMirrors[1]: Duplicate"},
		"a sidecar twice":                                      {header + "spec: {knownSidecars: [a, a]}\n", "spec.knownSidecars[1]: Duplicate"},
		"a rule behind one for every Pod":                      {header + "spec: {rules: [{name: a}, {name: b, podSelector: {matchLabels: {x: w}}}]}\n", "spec.rules[1].podSelector: Invalid value: \"b\": rule a before it takes every Pod that this one selects: move this rule up"},
		"a rule behind a wider one":                            {header + "spec: {rules: [{name: a, podSelector: {matchExpressions: [{key: x, operator: Exists}]}}, {name: b, podSelector: {matchLabels: {x: w}}}]}\n", "spec.rules[1].podSelector"},
		"a rule behind the same one":                           {header + "spec: {rules: [{name: a, namespaceSelector: {matchLabels: {t: s}}}, {name: b, namespaceSelector: {matchExpressions: [{key: t, operator: In, values: [s]}]}}]}\n", "spec.rules[1].podSelector"},
		"a rule that asks a profile for what it has not":       {header + "spec: {profiles: [{name: p, readiness: {handler: /r}}], rules: [{name: a, profile: p, probes: [readiness, liveness]}]}\n", "spec.rules[0].probes[1]: Invalid value: \"liveness\": profile p has no liveness probe"},
		"a rule that asks a profile for what rules do not get": {header + "spec: {profiles: [{name: p, readiness: {handler: /r}, liveness: {handler: /l, offer: OnRequest}}], rules: [{name: a, profile: p, probes: [liveness]}]}\n", "profile p offers liveness only to Pods that ask (OnRequest)"},
		"a rule that asks a profile for what it forbids":       {header + "spec: {rules: [{name: a, profile: built-in, probes: [liveness]}]}\n", "profile built-in never offers liveness"},
		"two profiles of one detection":                        {header + "spec: {profiles: [{name: a, detect: [{images: [x, z], ports: [80]}], readiness: {handler: /r}}, {name: b, detect: [{images: [z, x], ports: [80]}], readiness: {handler: /r}}]}\n", "spec.profiles[1].detect[0]: Invalid value: \"b\": spec.profiles[0].detect[0] recognises all of this before it"},
		"a profile behind a wider one":                         {header + "spec: {profiles: [{name: a, detect: [{images: ['x*']}], readiness: {handler: /r}}, {name: b, detect: [{images: [xy], minVersion: '3'}], readiness: {handler: /r}}]}\n", "spec.profiles[1].detect[0]"},
		"a detection twice in one profile":                     {header + "spec: {profiles: [{name: a, detect: [{images: [x]}, {images: [x]}], readiness: {handler: /r}}]}\n", "spec.profiles[0].detect[1]"},
		"several mistakes at once":                             {header + "spec: {mode: x, rules: [{name: A}]}\n", "spec.rules[0].name"},
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
