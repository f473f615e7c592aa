package preflight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/preflight"
)

const (
	refusedBudget = `spec.template.metadata.annotations[probe-injector.dev/startup-budget]: Invalid value: "2 min": write a duration such as "90s", "5m" or "1h30m"`
	refusedHost   = `spec.template.metadata.annotations[probe-injector.dev/host-header]: Invalid value: "a b": write only the host name, such as shop.example.com`
	refusedInject = `metadata.annotations[probe-injector.dev/inject]: has no effect here: move it to spec.template.metadata.annotations`
)

func TestDenyRefusesOnlyWhatThisChangeWroteWrong(t *testing.T) {
	renamed := func(manifest string) string { return strings.Replace(manifest, "name: app", "name: main", 1) }
	const forApp = `app.D/liveness: "http:8080/healthz"`
	for name, row := range map[string]struct {
		before, after string
		want          []string
	}{
		"a wrong value that is created":                  {"", workloadOf("", badBudget, "a:1"), []string{refusedBudget}},
		"all wrong values at once":                       {"", workloadOf("", badHost, "a:1"), []string{refusedHost, refusedBudget}},
		"a misplaced key that is created":                {"", workloadOf(`D/inject: "true"`, "", "a:1"), []string{refusedInject}},
		"a misplaced key that is added":                  {workloadOf("", "", "a:1"), workloadOf(`D/inject: "true"`, "", "a:1"), []string{refusedInject}},
		"a misplaced key that is changed":                {workloadOf(`D/inject: "false"`, "", "a:1"), workloadOf(`D/inject: "true"`, "", "a:1"), []string{refusedInject}},
		"a wrong value that is changed to another":       {workloadOf("", good+`, D/startup-budget: "1 min"`, "a:1"), workloadOf("", badBudget, "a:1"), []string{refusedBudget}},
		"a wrong value beside an old one":                {workloadOf("", badBudget, "a:1"), workloadOf("", badHost, "a:1"), []string{refusedHost}},
		"an old mistake and a new image":                 {workloadOf("", badHost, "a:1"), workloadOf("", badHost, "a:2"), nil},
		"an old mistake and a new annotation":            {workloadOf("", badHost, "a:1"), workloadOf("note: x", badHost, "a:1"), nil},
		"an old mistake and a restart":                   {workloadOf("", badHost, "a:1"), workloadOf("", badHost+", kubectl.kubernetes.io/restartedAt: now", "a:1"), nil},
		"an old misplaced key and a new image":           {workloadOf(`D/inject: "true"`, "", "a:1"), workloadOf(`D/inject: "true"`, "", "a:2"), nil},
		"one of two old mistakes is removed":             {workloadOf("", badHost, "a:1"), workloadOf("", badBudget, "a:1"), nil},
		"a container is renamed below its key":           {workloadOf("", forApp, "a:1"), renamed(workloadOf("", forApp, "a:1")), nil},
		"a port is renamed below the key that names it":  {strings.Replace(workloadOf("", `D/liveness: "http:web/x"`, "a:1"), "containerPort", "name: web, containerPort", 1), workloadOf("", `D/liveness: "http:web/x"`, "a:1"), nil},
		"an unknown key":                                 {"", workloadOf("", good+`, D/start-period: 1m`, "a:1"), nil},
		"a key of a container that another may add":      {"", workloadOf("", good+`, istio-proxy.D/readiness: "tcp:1"`, "a:1"), nil},
		"the main container of kubectl is wrong":         {"", workloadOf("", good+`, kubectl.kubernetes.io/default-container: x`, "a:1"), nil},
		"a misspelt domain":                              {"", workloadOf("", `probe-injector.io/inject: "true"`, "a:1"), nil},
		"a reason why there is no probe":                 {"", strings.Replace(workloadOf("", `D/inject: "true"`, "a:1"), ", ports: [{containerPort: 8080}]", "", 1), nil},
		"a lint warning":                                 {"", workloadOf("", good+`, D/liveness.timeoutSeconds: "30", D/liveness.periodSeconds: "30"`, "a:1"), nil},
		"a good change beside nothing wrong":             {workloadOf("", good, "a:1"), workloadOf("", good, "a:2"), nil},
		"a label where an annotation belongs is refused": {"", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {D/profile: nginx}}, spec: {template: {spec: {containers: [{name: app}]}}}}`, []string{"metadata.labels[probe-injector.dev/profile]: has no effect: write it in spec.template.metadata.annotations"}},
		"the label inject is not":                        {"", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {D/inject: "true"}}, spec: {template: {spec: {containers: [{name: app}]}}}}`, nil},
		"an update of something else, all wrong":         {workloadOf(`D/inject: "true"`, badHost, "a:1"), workloadOf(`D/inject: "true"`, badHost, "a:1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := preflight.Judge(policy.Default("v0"), changeOf(t, row.before, row.after), preflight.Options{Deny: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range v.Refusals {
				got = append(got, r.Field+": "+r.Message)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("refused for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
			if len(v.Refusals) > 0 && len(v.Warnings) > 0 {
				t.Errorf("a refused change is warned about as well: %q", v.Warnings)
			}
		})
	}
}

func TestARefusalHasAnEnd(t *testing.T) {
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("c%d.D/restart-after: x", i))
	}
	v, err := preflight.Judge(policy.Default("v0"), changeOf(t, "", workloadOf(strings.Join(keys, ", "), "", "a:1")), preflight.Options{Deny: true})
	if err != nil || len(v.Refusals) != 20 {
		t.Errorf("%d refusals, %v", len(v.Refusals), err)
	}
}
