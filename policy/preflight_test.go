package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// What the lines of a plan begin with.
const (
	willGet  = "deployment/web: will get "
	wouldGet = "deployment/web: the policy is in Audit mode and changes nothing; would get "
)

// The plan that a person is told is the status of the Pod that the ReplicaSet then creates, without the version and without the
// mistake, which has a line of its own; what there are no lines for ends in "...".
func TestThePlanIsTheStatusThatThePodsGet(t *testing.T) {
	planned := 0
	forDrawnPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, _ policy.Route) {
		change := preflight.Change{
			Kind: "Deployment", ByPerson: true, Form: workload.Kind{Template: []string{"spec", "template"}, OwnerAPIVersion: "apps/v1", OwnerKind: "ReplicaSet"},
			Object: &preflight.Object{Metadata: &workload.ObjectMeta{Name: "web"}, Template: pod},
		}
		status, mode := statusFromReplicaSet(t, engine, pod)
		v, err := preflight.Judge(engine, &change, preflight.Options{Plan: true})
		if err != nil {
			t.Fatal(err)
		}
		begin := willGet
		if mode == v1alpha1.ModeAudit {
			begin = wouldGet
		}
		var parts []string
		for _, line := range v.Warnings {
			if part, ok := strings.CutPrefix(line, begin); ok {
				parts = append(parts, part)
			}
		}
		want := text.ASCII(statusline.WithoutMistake(statusline.WithoutVersion(status)))
		if !isPlanOf(parts, want) {
			t.Errorf("planned %q, and the Pod has %q", parts, want)
		}
		if len(parts) > 0 {
			planned++
		}
	})
	if planned < drawnPods/3 {
		t.Errorf("only %d of %d have a plan: the property is hardly tested", planned, drawnPods)
	}
}

// isPlanOf reports whether the parts of a plan are those of a status, in order and to the letter, but for what is cut.
func isPlanOf(parts []string, status string) bool {
	if len(parts) == 0 || status == "" {
		return len(parts) == 0 && status == ""
	}
	want := strings.Split(status, statusline.ContainerSeparator)
	last, more := strings.CutSuffix(parts[len(parts)-1], " | ...")
	parts = append(slices.Clone(parts[:len(parts)-1]), last)
	if more != (len(want) > len(parts)) {
		return false
	}
	for i, part := range parts {
		begin, cut := strings.CutSuffix(part, "...")
		if part != want[i] && (!cut || !strings.HasPrefix(want[i], begin)) {
			return false
		}
	}
	return true
}

// statusFromReplicaSet is the status that the Pod of a template gets when a ReplicaSet creates it.
func statusFromReplicaSet(t *testing.T, engine *policy.Policy, template *workload.Pod) (string, v1alpha1.Mode) {
	t.Helper()
	pod := workload.Kind{}.Pod(template, "web-7d9f")
	controller := true
	pod.Metadata.OwnerReferences = []workload.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-7d9f", Controller: &controller}}
	if len(engine.Routes(pod, "shop", nil)) == 0 || engine.Routes(pod, "shop", nil)[0].Group != "" {
		return "", ""
	}
	d, _, err := patch.Decide(engine, policy.Subject{Pod: pod}, patch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Status == "" && !d.StatusOmitted {
		return pod.Annotations()[annotation.StatusKey], d.Mode
	}
	return d.Status, d.Mode
}
