package chart_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/test/chart"
)

// A policy goes through three doors before it is in force: values.schema.json, the chart's byTemplate, and the servers' own
// check. knownBy is the first that has to refuse a bad one; a door may never refuse what the servers would accept.
type knownBy string

const (
	byNobody   knownBy = "nobody"
	bySchema   knownBy = "the schema"
	byTemplate knownBy = "a template"
	byServer   knownBy = "the servers' check"
)

// doors are policies as people write them into values, with who knows that they are wrong, and the place that is named.
var doors = map[string]struct {
	policy  string
	refused knownBy
	says    string
}{
	"the chart's own":                             {`{}`, byNobody, ""},
	"no rules":                                    {`{rules: []}`, byNobody, ""},
	"rules that are null":                         {`{rules: null}`, byNobody, ""},
	"a rule of the least":                         {`{rules: [{name: a}]}`, byNobody, ""},
	"a rule whose probes are null":                {`{rules: [{name: a, probes: null}]}`, byNobody, ""},
	"a rule with a built-in profile":              {`{rules: [{name: a, profile: spring-boot, probes: [readiness, liveness]}]}`, byNobody, ""},
	"a rule with a profile of the admin's":        {`{rules: [{name: a, profile: our-flask, probes: [readiness, liveness]}], profiles: [{name: our-flask, readiness: {handler: "http:8080/r"}, liveness: {handler: /l, offer: Offered}}]}`, byNobody, ""},
	"a profile in place of a built-in one":        {`{rules: [{name: a, profile: postgres, probes: [liveness]}], profiles: [{name: postgres, liveness: {handler: "tcp:5432"}}]}`, byNobody, ""},
	"handlers of all kinds":                       {`{profiles: [{name: a, readiness: {handler: /r}, liveness: {handler: "https:/l"}, startup: {handler: tcp}}, {name: b, readiness: {handler: "grpc:9000/a.B"}, liveness: {handler: "http://:web/l?x=%20"}, startup: {handler: "tcp:5432"}}]}`, byNobody, ""},
	"a command":                                   {`{profiles: [{name: a, readiness: {exec: {command: [pg_isready, -q]}, timeoutSeconds: 5}}]}`, byNobody, ""},
	"a probe that is never offered":               {`{profiles: [{name: a, readiness: {handler: /r}, liveness: {offer: Never}}]}`, byNobody, ""},
	"every setting":                               {`{mode: Audit, style: InitialDelay, confidence: {readiness: low, liveness: medium}, inferredLiveness: false, maxStartupBudget: 2h, imageMirrors: [harbor.corp/hub], knownSidecars: [house-proxy]}`, byNobody, ""},
	"a duration of several units":                 {`{maxStartupBudget: 1h30m}`, byNobody, ""},
	"a misspelt member":                           {`{rulez: []}`, bySchema, "rulez"},
	"a misspelt member of a rule":                 {`{rules: [{name: a, profil: x}]}`, bySchema, "profil"},
	"a mode in lower case":                        {`{mode: audit}`, bySchema, "mode"},
	"a rule for startup probes":                   {`{rules: [{name: a, probes: [startup]}]}`, bySchema, "probes"},
	"a duration without a unit":                   {`{maxStartupBudget: 600}`, bySchema, "maxStartupBudget"},
	"a duration that is a word":                   {`{profiles: [{name: a, startupBudget: soon, readiness: {handler: /r}}]}`, bySchema, "startupBudget"},
	"a number as a text":                          {`{profiles: [{name: a, readiness: {handler: /r, periodSeconds: "5"}}]}`, bySchema, "periodSeconds"},
	"a rule without a name":                       {`{rules: [{probes: [readiness]}]}`, bySchema, "name"},
	"a profile that does not exist":               {`{rules: [{name: a, profile: our-flsk}], profiles: [{name: our-flask, readiness: {handler: /r}}]}`, byTemplate, `policy.rules[0].profile: "our-flsk" is no profile: it is neither built in nor one of policy.profiles; of this beginning there are: our-flask`},
	"a built-in profile with another spelling":    {`{rules: [{name: a, profile: springboot}]}`, byTemplate, "of this beginning there are: spring-boot"},
	"a handler without a path":                    {`{profiles: [{name: a, readiness: {handler: "http:8080"}}]}`, byTemplate, `policy.profiles[0].readiness.handler: "http:8080" is no handler: write /PATH, http:PORT/PATH`},
	"a command as a handler":                      {`{profiles: [{name: a, readiness: {handler: /r}}, {name: b, liveness: {handler: "exec:foo"}}]}`, byTemplate, `policy.profiles[1].liveness.handler: "exec:foo" is no handler: a command is written as exec: {command: [PROGRAM, ARGUMENT]}`},
	"a bare port":                                 {`{profiles: [{name: a, startup: {handler: "8080"}}]}`, byTemplate, "policy.profiles[0].startup.handler"},
	"a port that is none":                         {`{profiles: [{name: a, readiness: {handler: "tcp:70000"}}]}`, byTemplate, "policy.profiles[0].readiness.handler"},
	"a rule that gives nothing":                   {`{rules: [{name: a, probes: []}]}`, byTemplate, "policy.rules[0].probes: the rule would give nothing"},
	"a rule for what a built-in profile has not":  {`{rules: [{name: a, profile: postgres, probes: [readiness, liveness]}]}`, byTemplate, "policy.rules[0].probes[1]: profile postgres gives no liveness probe to rules"},
	"a rule for what only Pods that ask get":      {`{rules: [{name: a, profile: p, probes: [liveness]}], profiles: [{name: p, readiness: {handler: /r}, liveness: {handler: /l, offer: OnRequest}}]}`, byTemplate, "policy.rules[0].probes[0]: profile p gives no liveness probe to rules"},
	"a rule for what a profile has not":           {`{rules: [{name: a, profile: p, probes: [liveness]}], profiles: [{name: p, readiness: {handler: /r}}]}`, byTemplate, "policy.rules[0].probes[0]: profile p gives no liveness probe to rules"},
	"a rule whose name is none":                   {`{rules: [{name: My_Rule}]}`, byTemplate, `policy.rules[0].name: "My_Rule" is no name`},
	"two rules of one name":                       {`{rules: [{name: a}, {name: a, namespaceSelector: {matchLabels: {x: z}}}]}`, byTemplate, "policy.rules[1].name"},
	"a rule that an earlier one hides":            {`{rules: [{name: a}, {name: b, podSelector: {matchLabels: {x: w}}}]}`, byServer, "spec.rules[1].podSelector"},
	"a rule with a bad selector":                  {`{rules: [{name: a, podSelector: {matchLabels: {"a b": c}}}]}`, bySchema, "a b"},
	"a selector that compares with nothing":       {`{rules: [{name: a, podSelector: {matchExpressions: [{key: x, operator: In}]}}]}`, bySchema, "values"},
	"a selector of a value that is none":          {`{rules: [{name: a, namespaceSelector: {matchExpressions: [{key: x, operator: NotIn, values: ["y z"]}]}}]}`, bySchema, "values"},
	"a selector of existence with a value":        {`{rules: [{name: a, namespaceSelector: {matchExpressions: [{key: x, operator: Exists, values: [y]}]}}]}`, bySchema, "values"},
	"a selector of everything that has a key":     {`{rules: [{name: a, podSelector: {matchExpressions: [{key: example.com/x, operator: Exists, values: []}]}}]}`, byNobody, ""},
	"a rule that asks twice":                      {`{rules: [{name: a, probes: [readiness, readiness]}]}`, byServer, "spec.rules[0].probes[1]: Duplicate"},
	"a profile of no class":                       {`{profiles: [{name: a, class: slow, readiness: {handler: /r}}]}`, byServer, "spec.profiles[0].class"},
	"a profile whose name is none":                {`{profiles: [{name: Payments_Team, readiness: {handler: /r}}]}`, byServer, "spec.profiles[0].name"},
	"a profile of nothing":                        {`{profiles: [{name: a}]}`, byServer, "spec.profiles[0]: Required"},
	"a probe with two handlers":                   {`{profiles: [{name: a, readiness: {handler: /r, exec: {command: [x]}}}]}`, byServer, "spec.profiles[0].readiness.exec"},
	"a path that is too long":                     {`{profiles: [{name: a, readiness: {handler: "/` + strings.Repeat("x", 300) + `"}}]}`, byServer, "spec.profiles[0].readiness.handler"},
	"a field out of bounds":                       {`{profiles: [{name: a, readiness: {handler: /r, periodSeconds: 0}}]}`, byServer, "spec.profiles[0].readiness.periodSeconds"},
	"times that contradict each other":            {`{profiles: [{name: a, restartAfter: 2m, liveness: {handler: /l, failureThreshold: 3, periodSeconds: 10}}]}`, byServer, "spec.profiles[0].liveness.failureThreshold"},
	"a budget above the largest":                  {`{maxStartupBudget: 10m, profiles: [{name: a, startupBudget: 20m, readiness: {handler: /r}}]}`, byServer, "spec.profiles[0].startupBudget"},
	"a largest budget of days":                    {`{maxStartupBudget: 48h}`, byServer, "spec.maxStartupBudget"},
	"a sidecar that is no name":                   {`{knownSidecars: ["a b"]}`, byServer, "spec.knownSidecars[0]"},
	"a mirror that is a URL":                      {`{imageMirrors: ["https://harbor.corp/hub"]}`, byServer, "spec.imageMirrors[0]"},
	"a publisher without a registry":              {`{profiles: [{name: a, detect: [{images: [x], publishers: [bitnami]}], readiness: {handler: /r}}]}`, byServer, "publishers[0]"},
	"two profiles of one name":                    {`{profiles: [{name: a, readiness: {handler: /r}}, {name: a, readiness: {handler: /r}}]}`, byServer, "spec.profiles[1].name"},
	"what a lint rule warns of":                   {`{profiles: [{name: p, readiness: {exec: {command: [curl, "http://localhost/"]}, timeoutSeconds: 1}}]}`, byServer, "spec.profiles[0].readiness"},
	"a rule for a profile of which one is hidden": {`{rules: [{name: a, profile: p, probes: [liveness]}], profiles: [{name: p, readiness: {handler: /r}}, {name: p, liveness: {handler: /l}}]}`, byTemplate, "policy.rules[0].probes[0]"},
}

// TestThreeDoorsAgreeAboutEachPolicy: whoever can know first that a policy is wrong refuses it, and nobody refuses a good one.
func TestThreeDoorsAgreeAboutEachPolicy(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			refused, says := goThrough(t, door.policy)
			if refused != door.refused {
				t.Errorf("refused by %s, want %s: %s", refused, door.refused, says)
			}
			if !strings.Contains(says, door.says) {
				t.Errorf("%s says %q, want something of %q", refused, says, door.says)
			}
			// No door before the last may refuse what the servers accept.
			if fromValues(t, door.policy) == "" != (door.refused == byNobody) {
				t.Errorf("the servers say %q", fromValues(t, door.policy))
			}
		})
	}
}

// goThrough is who refuses a policy first, and what it says.
func goThrough(t *testing.T, policyValues string) (by knownBy, says string) {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Values: "policy: " + policyValues, OnCluster: true})
	switch {
	case err != nil && strings.HasPrefix(err.Error(), "completing the values"):
		return bySchema, err.Error()
	case err != nil:
		return byTemplate, err.Error()
	}
	file, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Parse(file, "v0"); err != nil {
		job, jobErr := rendered.PolicyCheck()
		if jobErr != nil || job == nil {
			t.Fatalf("nothing checks it before it is in force: %v", jobErr)
		}
		return byServer, err.Error()
	}
	return byNobody, ""
}

// fromValues is what the servers say of a policy that no other door has seen.
func fromValues(t *testing.T, policyValues string) string {
	t.Helper()
	var spec any
	if err := yaml.Unmarshal([]byte(policyValues), &spec); err != nil {
		t.Fatal(err)
	}
	file, err := yaml.Marshal(map[string]any{"apiVersion": "probe-injector.dev/v1alpha1", "kind": "ProbePolicy", "spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Parse(file, "v0"); err != nil {
		return err.Error()
	}
	return ""
}

// TestThePoliciesOfTheVariantsPassEveryDoor: the values in the folder ci are as admins write them.
func TestThePoliciesOfTheVariantsPassEveryDoor(t *testing.T) {
	for name, values := range variants(t) {
		var all struct {
			Policy map[string]any `json:"policy"`
		}
		if err := yaml.Unmarshal([]byte(values), &all); err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(all.Policy)
		if err != nil {
			t.Fatal(err)
		}
		by, says := goThrough(t, "\n  "+strings.ReplaceAll(string(text), "\n", "\n  "))
		if by != byNobody {
			t.Errorf("%s: refused by %s: %s", name, by, says)
		}
	}
}
