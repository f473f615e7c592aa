package policy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/policytest"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestAWrongAnnotationCostsTheProbesThatItCouldHaveMeant(t *testing.T) {
	rows, err := policytest.ReadWrongAnnotations(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 60 {
		t.Fatalf("%d rows, at least 60 are promised", len(rows))
	}
	engine := policy.Default("v0.0.0")
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.Name] {
			t.Errorf("two rows are named %q", row.Name)
		}
		seen[row.Name] = true
		t.Run(row.Name, func(t *testing.T) {
			var pod workload.Pod
			if err := yaml.Unmarshal(row.Manifest, &pod); err != nil {
				t.Fatal(err)
			}
			d := engine.Decide(policy.Subject{Pod: &pod})
			if got := injected(d); !slices.Equal(got, row.Remains) && len(got)+len(row.Remains) > 0 {
				t.Errorf("remains %v, want %v", got, row.Remains)
			}
			if row.Says != "" && (len(d.Errors) == 0 || !strings.Contains(d.Errors[0].Error(), row.Says)) {
				t.Errorf("the first error of %v does not say %q", d.Errors, row.Says)
			}
			if row.Says == "" && len(d.Errors) > 0 {
				t.Errorf("unexpected errors %v", d.Errors)
			}
			if row.Warns != "" && !strings.Contains(strings.Join(d.Warnings, "\n"), row.Warns) {
				t.Errorf("warnings %q do not say %q", d.Warnings, row.Warns)
			}
			expectAnswer(t, d)
			expectMistake(t, pod.Metadata.Annotations, &d)
		})
	}
}

// expectMistake holds that the status says the first mistake, key and detail whole, and that logs get key and detail.
func expectMistake(t *testing.T, annotations map[string]string, d *policy.Decision) {
	t.Helper()
	status, ok := statusline.Parse(d.Status)
	if !ok {
		t.Errorf("the status %q is not in the form of one", d.Status)
	}
	if len(d.Errors) == 0 {
		if status.Mistake != "" || d.Mistake != "" {
			t.Errorf("mistakes that are none: %q, %q", status.Mistake, d.Mistake)
		}
		return
	}
	if err := d.Errors[0]; !strings.HasPrefix("metadata.annotations["+status.Mistake, strings.TrimSuffix(err.Field, "]")+": ") || !strings.HasSuffix(status.Mistake, err.Detail) {
		t.Errorf("the status says %q, and what is wrong is %v", status.Mistake, err)
	}
	key, fact, found := strings.Cut(d.Mistake, ": ")
	if !found || fact == "" || (annotations[key] == "" && !strings.Contains(d.Errors[0].Error(), "is empty")) {
		t.Errorf("for logs: %q", d.Mistake)
	}
}

// A secret that was written by mistake is in no log. Whatever a value is, what is said for logs is said of many values alike: the
// same mistake with the letters and digits of the value changed gives the same sentence.
func TestWhatLogsGetHasNothingOfTheValue(t *testing.T) {
	engine := policy.Default("v0.0.0")
	pod := func(key, value string) *workload.Pod {
		return &workload.Pod{
			Metadata: &workload.ObjectMeta{Annotations: map[string]string{key: value}},
			Spec: workload.PodSpec{Containers: []workload.Container{{
				Name: "web", Ports: []workload.ContainerPort{{Name: "main", ContainerPort: 80}, {Name: "dns", ContainerPort: 5353, Protocol: "UDP"}},
			}}},
		}
	}
	words := []string{"inject", "liveness", "readiness", "startup", "profile", "startup-budget", "restart-after", "unready-after", "host-header",
		"liveness.failureThreshold", "readiness.periodSeconds", "readiness.terminationGracePeriodSeconds"}
	// S stands for what could be a secret.
	forms := []string{"S", "S:8080", "http:S", "http://S/x", "tcp:S", "grpc:80/S S", "S/x", "http:80/S S", "/S#x", "8080/S", ":8080", "HTTP:S", "exec:S", "S -S", "https:/S", "http:S/",
		" /S", "/S%zz", "http:main/S\t", "1500ms", "tcp:S:S", "S,S", "Ss", "0.SSs"}
	said := 0
	for _, word := range words {
		for _, form := range forms {
			key := "probe-injector.dev/" + word
			var facts []string
			for _, secret := range []string{"hunterx", "passwdq", "q8w7e6r5", "xyzzyplugh-and-more-than-thirty-two-characters-of-it"} {
				value := strings.ReplaceAll(form, "S", secret)
				d := engine.Decide(policy.Subject{Pod: pod(key, value)})
				if strings.Contains(d.Mistake, secret[:4]) {
					t.Errorf("%s: %q is told logs as %q", key, value, d.Mistake)
				}
				facts = append(facts, d.Mistake)
			}
			if facts[0] != "" {
				said++
			}
			if strings.Contains(form, "S") && facts[0] != facts[1] {
				t.Errorf("%s: %q and another value give %q", key, form, facts)
			}
		}
	}
	if said < 100 {
		t.Errorf("only %d mistakes: the property is hardly tested", said)
	}
}

// expectAnswer holds what is true of every Pod that asked, in whatever words.
func expectAnswer(t *testing.T, d policy.Decision) {
	t.Helper()
	if d.Status == "" || len(d.Status) > statusline.MaxLength {
		t.Errorf("status %q", d.Status)
	}
	if len(d.Warnings) == 0 || len(d.Warnings) > policy.MaxWarnings {
		t.Errorf("%d warnings: %q", len(d.Warnings), d.Warnings)
	}
	for _, warning := range d.Warnings {
		if len(warning) > policy.MaxWarningLength || strings.HasSuffix(warning, "...") {
			t.Errorf("a warning of %d characters: %q", len(warning), warning)
		}
	}
}

// injected lists container/probe, sorted.
func injected(d policy.Decision) []string {
	var names []string
	for _, in := range d.Injections {
		names = append(names, in.Container.Name+"/"+string(in.Kind))
	}
	slices.Sort(names)
	return names
}
