package policy_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Findings that a person's own choice causes, and not the probe that we add: liveness without readiness because only
// liveness was asked for, and whatever speaks against a probe that is there already.
func causedByChoice(rule lint.ID) bool {
	return rule == "PS030"
}

func TestWhatWeAddPassesOurOwnLint(t *testing.T) {
	judged := 0
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		d := engine.Decide(policy.Subject{Pod: pod, Route: route, Notes: true})
		ours := map[string]policy.Source{}
		for _, in := range d.Injections {
			ours[in.Container.Name+"/"+string(in.Kind)] = in.Source
		}
		for _, f := range d.Findings {
			source, added := ours[f.Container+"/"+string(f.Kind)]
			if !added || f.Rule == "" {
				continue
			}
			judged++
			if f.Severity == lint.Error {
				t.Errorf("an error in what we add: %+v", f)
			}
			if f.Severity == lint.Warning && source != policy.SourceAnnotation && !causedByChoice(f.Rule) {
				t.Errorf("a warning about what we chose: %+v", f)
			}
		}
	})
	if judged < 1000 {
		t.Errorf("only %d findings: the property is hardly tested", judged)
	}
}
