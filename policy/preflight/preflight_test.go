package preflight_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// manifest is a workload of any kind, as far as tests write it.
type manifest struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Metadata   *workload.ObjectMeta `json:"metadata"`
	Spec       struct {
		Template    *workload.Pod `json:"template"`
		JobTemplate *struct {
			Metadata *workload.ObjectMeta `json:"metadata"`
			Spec     struct {
				Template *workload.Pod `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
	Template *workload.Pod `json:"template"`
}

func (m *manifest) object() *preflight.Object {
	o := &preflight.Object{Metadata: m.Metadata, Template: m.Spec.Template}
	switch {
	case m.Spec.JobTemplate != nil:
		o.JobMetadata, o.Template = m.Spec.JobTemplate.Metadata, m.Spec.JobTemplate.Spec.Template
	case m.Template != nil:
		o.Template = m.Template
	}
	return o
}

// read reads YAML in which D stands for our domain.
func read(t testing.TB, text string) *manifest {
	t.Helper()
	m := &manifest{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "D/", "probe-injector.dev/")), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// changeOf is the change from one manifest, which is empty for a CREATE, to another.
func changeOf(t testing.TB, before, after string) *preflight.Change {
	t.Helper()
	m := read(t, after)
	c := &preflight.Change{
		Kind: m.Kind, Form: workload.FormOf(schema.FromAPIVersionAndKind(m.APIVersion, m.Kind)),
		Object: m.object(), TemplateBytes: len(after),
	}
	if before != "" {
		c.Old = read(t, before).object()
		c.TemplateChanged = !reflect.DeepEqual(c.Old.Template, c.Object.Template)
	}
	return c
}

// workloadOf is a Deployment with annotations of its own and of its template, and an image.
func workloadOf(own, template, image string) string {
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {` + own + `}}, spec: {template: {
		metadata: {annotations: {` + template + `}}, spec: {containers: [{name: app, image: "` + image + `", ports: [{containerPort: 8080}]}]}}}}`
}

const (
	good       = `D/liveness: "http:8080/healthz", D/readiness: "http:8080/readyz"`
	badBudget  = good + `, D/startup-budget: "2 min"`
	budgetSaid = `deployment/web: probe-injector.dev/startup-budget: "2 min": write a duration such as "90s", "5m" or "1h30m"`
	badHost    = badBudget + `, D/host-header: "a b"`
	hostSaid   = `deployment/web: probe-injector.dev/host-header: "a b": write only the host name, such as shop.example.com`
	misplaced  = `deployment/web: probe-injector.dev/inject has no effect here: move it to spec.template.metadata.annotations`
	goodPlan   = "deployment/web: will get app: startup+liveness http:8080/healthz, readiness http:8080/readyz; up to 334s to start, restart after 50-65s"
)

func TestWhoIsToldWhat(t *testing.T) {
	for name, row := range map[string]struct {
		before, after string
		person        bool
		options       preflight.Options
		want          []string
	}{
		"a good workload: nothing": {after: workloadOf("", good, "a:1")},
		"a workload that does not ask: nothing, whatever a rule would do": {
			after: workloadOf("", "", "a:1"), person: true, options: preflight.Options{Plan: true},
		},
		"a mistake in the template":                       {after: workloadOf("", badBudget, "a:1"), want: []string{budgetSaid}},
		"a key on the workload's own metadata":            {after: workloadOf(`D/inject: "true"`, "", "a:1"), want: []string{misplaced}},
		"both at once, what nobody reads first":           {after: workloadOf(`D/inject: "true"`, badBudget, "a:1"), want: []string{misplaced, budgetSaid}},
		"several keys on the workload's own metadata":     {after: workloadOf(`D/inject: "true", D/liveness: /x`, "", "a:1"), want: []string{misplaced + " (and 1 more)"}},
		"a key that the template repeats is no mistake":   {after: workloadOf(good, good, "a:1")},
		"a key that the template has with another value":  {after: workloadOf(`D/liveness: /x`, good, "a:1"), want: []string{"deployment/web: probe-injector.dev/liveness has no effect here: move it to spec.template.metadata.annotations"}},
		"the status of somebody's Pod on the workload":    {after: workloadOf(`D/status: "x (v1)"`, "", "a:1")},
		"a misspelt domain in the template":               {after: workloadOf("", `probe-injector.io/inject: "true"`, "a:1"), want: []string{"deployment/web: probe-injector.io/inject has no effect: the domain is probe-injector.dev"}},
		"a misspelt domain on the workload":               {after: workloadOf(`probe-injector.io/inject: "true"`, "", "a:1"), want: []string{"deployment/web: probe-injector.io/inject has no effect: the domain is probe-injector.dev"}},
		"a checksum that is named after us":               {after: workloadOf("", `checksum/probe-injector: "1"`, "a:1")},
		"a template that says hands off":                  {after: workloadOf("", `D/inject: "false", D/startup-budget: "2 min"`, "a:1"), person: true, options: preflight.Options{Plan: true}},
		"an update that changes the image":                {before: workloadOf("", badBudget, "a:1"), after: workloadOf("", badBudget, "a:2"), want: []string{budgetSaid}},
		"an update that changes an annotation of its own": {before: workloadOf("", badBudget, "a:1"), after: workloadOf("note: x", badBudget, "a:1"), want: []string{budgetSaid}},
		"an update that changes nothing of either":        {before: workloadOf("", badBudget, "a:1"), after: workloadOf("", badBudget, "a:1"), options: preflight.Options{Plan: true}},
		"a person's dry run that changes nothing": {
			before: workloadOf("", badBudget, "a:1"), after: workloadOf("", badBudget, "a:1"), person: true, want: []string{budgetSaid},
		},
		"a person's dry run of a good workload: the plan": {after: workloadOf("", good, "a:1"), person: true, options: preflight.Options{Plan: true}, want: []string{goodPlan}},
		"a dry run of a GitOps controller: no plan":       {after: workloadOf("", good, "a:1"), options: preflight.Options{Plan: true}},
		"plans switched off":                              {after: workloadOf("", good, "a:1"), person: true},
		"a mistake and the plan": {
			after: workloadOf("", badBudget, "a:1"), person: true, options: preflight.Options{Plan: true},
			want: []string{budgetSaid, "deployment/web: will get app: readiness http:8080/readyz; no liveness: invalid_annotation"},
		},
		"an unknown key": {
			after: workloadOf("", good+`, D/start-period: "1m"`, "a:1"),
			want:  []string{"deployment/web: probe-injector.dev/start-period: unknown key: did you mean probe-injector.dev/startup-budget?"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := changeOf(t, row.before, row.after)
			c.ByPerson = row.person
			v, err := preflight.Judge(policy.Default("v0"), c, row.options)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(v.Warnings, row.want) || len(v.Refusals) > 0 {
				t.Errorf("got\n%s\nwant\n%s\nrefused for %v", strings.Join(v.Warnings, "\n"), strings.Join(row.want, "\n"), v.Refusals)
			}
		})
	}
}

func TestLabelsThatNobodyReads(t *testing.T) {
	of := func(own, template, annotations string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: db, labels: {` + own + `}}, spec: {template: {
			metadata: {labels: {` + template + `}, annotations: {` + annotations + `}}, spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}}}}`
	}
	const here = "has no effect: write it in spec.template.metadata.annotations"
	for name, row := range map[string]struct {
		after        string
		requireLabel bool
		want         []string
	}{
		"the label inject, which is an annotation":               {of("", `D/inject: "true"`, ""), false, []string{"deployment/db: label probe-injector.dev/inject " + here}},
		"the label inject of a template that asks":               {of("", `D/inject: "true"`, good), false, nil},
		"the label inject that contradicts the annotations":      {of("", `D/inject: "false"`, good), false, []string{"deployment/db: label probe-injector.dev/inject " + here}},
		"the label inject on the workload":                       {of(`D/inject: "true"`, "", ""), false, []string{"deployment/db: label probe-injector.dev/inject " + here}},
		"another key as a label of the workload":                 {of(`D/profile: nginx`, "", ""), false, []string{"deployment/db: label probe-injector.dev/profile " + here}},
		"another key as a label of a template that does not ask": {of("", `D/profile: nginx`, ""), false, []string{"deployment/db: label probe-injector.dev/profile " + here}},
		"another key as a label of a template that asks, once":   {of("", `D/profile: nginx`, good), false, []string{"deployment/db: label probe-injector.dev/profile has no effect: write it as an annotation"}},
		"the label of injected Pods":                             {of("", `D/injected: "true"`, ""), false, nil},
		"requireLabel, and the template has the label":           {of("", `D/inject: "true"`, good), true, nil},
		"requireLabel, and the label alone is for rules":         {of("", `D/inject: "true"`, ""), true, nil},
		"requireLabel, and the template that asks lacks it": {
			of("", "", badBudget), true,
			[]string{`deployment/db: no probes: webhook.requireLabel needs the label probe-injector.dev/inject: "true" in spec.template.metadata.labels`},
		},
		"requireLabel, and only the workload has it": {
			of(`D/inject: "true"`, "", ""), true,
			[]string{"deployment/db: label probe-injector.dev/inject has no effect: write it in spec.template.metadata.labels"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := preflight.Judge(policy.Default("v0"), changeOf(t, "", row.after), preflight.Options{RequireLabel: row.requireLabel})
			if err != nil || !slices.Equal(v.Warnings, row.want) {
				t.Errorf("got %q, want %q; %v", v.Warnings, row.want, err)
			}
		})
	}
}

func TestObjectsOfEveryKind(t *testing.T) {
	const template = `{metadata: {annotations: {` + badBudget + `}}, spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}}`
	const said = `: probe-injector.dev/startup-budget: "2 min": write a duration such as "90s", "5m" or "1h30m"`
	long := strings.Repeat("n", 60)
	for name, row := range map[string]struct{ after, want string }{
		"a CronJob": {
			`{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy}, spec: {jobTemplate: {spec: {template: ` + template + `}}}}`, "cronjob/tidy" + said,
		},
		"a CronJob whose Jobs have the key": {
			`{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy}, spec: {jobTemplate: {metadata: {annotations: {D/inject: "true"}}, spec: {template: {}}}}}`,
			"cronjob/tidy: probe-injector.dev/inject has no effect here: move it to spec.jobTemplate.spec.template.metadata.annotations",
		},
		"a PodTemplate":                {`{apiVersion: v1, kind: PodTemplate, metadata: {name: t}, template: ` + template + `}`, "podtemplate/t" + said},
		"a Rollout":                    {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {template: ` + template + `}}`, "rollout/r" + said},
		"a kind that nobody knows":     {`{apiVersion: example.com/v1, kind: Fleet, metadata: {name: f}, spec: {template: ` + template + `}}`, "fleet/f" + said},
		"a name that is made":          {`{apiVersion: batch/v1, kind: Job, metadata: {generateName: once-}, spec: {template: ` + template + `}}`, "job/once-*" + said},
		"a name that is long":          {`{apiVersion: batch/v1, kind: Job, metadata: {name: ` + long + `}, spec: {template: ` + template + `}}`, "job/" + long[:37] + "..." + said},
		"no template":                  {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {}}`, ""},
		"an object of a controller's":  {`{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, ownerReferences: [{kind: Deployment, name: d, controller: true}]}, spec: {template: ` + template + `}}`, ""},
		"an object that only has one":  {`{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, ownerReferences: [{kind: Deployment, name: d}]}, spec: {template: ` + template + `}}`, "replicaset/r" + said},
		"an object without a metadata": {`{apiVersion: apps/v1, kind: DaemonSet, spec: {template: ` + template + `}}`, "daemonset/" + said},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := preflight.Judge(policy.Default("v0"), changeOf(t, "", row.after), preflight.Options{})
			if got := strings.Join(v.Warnings, "\n"); err != nil || got != row.want {
				t.Errorf("got %q, want %q; %v", got, row.want, err)
			}
		})
	}
}

func TestAPlanInAuditModeSaysThatNothingChanges(t *testing.T) {
	p, err := policy.Parse([]byte("apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {mode: Audit}\n"), "v0")
	if err != nil {
		t.Fatal(err)
	}
	c := changeOf(t, "", workloadOf("", good, "a:1"))
	c.ByPerson = true
	v, err := preflight.Judge(p, c, preflight.Options{Plan: true})
	want := strings.Replace(goodPlan, "will get", "the policy is in Audit mode and changes nothing; would get", 1)
	if err != nil || !slices.Equal(v.Warnings, []string{want}) {
		t.Errorf("got %q; %v", v.Warnings, err)
	}
}

func TestAPlanOfSeveralContainersHasALineForEach(t *testing.T) {
	containers := func(n int) string {
		var names, keys []string
		for i := range n {
			name := "c" + string(rune('a'+i))
			names = append(names, `{name: `+name+`, ports: [{containerPort: 808`+string(rune('0'+i))+`}]}`)
			keys = append(keys, name+`.D/readiness: "tcp:808`+string(rune('0'+i))+`"`)
		}
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {metadata: {annotations: {` + strings.Join(keys, ", ") + `}}, spec: {containers: [` + strings.Join(names, ", ") + `]}}}}`
	}
	for n, last := range map[int]string{1: "ca: readiness tcp:8080", 5: "ce: readiness tcp:8084", 7: "ce: readiness tcp:8084 | ..."} {
		c := changeOf(t, "", containers(n))
		c.ByPerson = true
		v, err := preflight.Judge(policy.Default("v0"), c, preflight.Options{Plan: true})
		if err != nil || len(v.Warnings) != min(n, preflight.MaxLines) || v.Warnings[len(v.Warnings)-1] != "deployment/web: will get "+last {
			t.Errorf("%d containers: %q, %v", n, v.Warnings, err)
		}
	}
}
