package lint_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// usualMessageLength leaves an admission warning room for the container's name and the rule's id.
const usualMessageLength = 80

// cases are those of testdata/rules.yaml for one rule.
type cases struct {
	Found  []ruleCase `json:"found"`
	Missed []ruleCase `json:"missed"`
}

type ruleCase struct {
	Name      string           `json:"name"`
	Type      string           `json:"type"`
	Budget    int32            `json:"budget"`
	Pod       podCase          `json:"pod"`
	Container corev1.Container `json:"container"`
	Kinds     []probe.Kind     `json:"kinds"`
	Message   string           `json:"message"`
	// Own are the paths and ports at which the software answers for itself.
	Own map[probe.Kind]ownCase `json:"own"`
}

type ownCase struct {
	Path string `json:"path"`
	Port int32  `json:"port"`
}

type podCase struct {
	HostNetwork   bool                 `json:"hostNetwork"`
	RestartPolicy corev1.RestartPolicy `json:"restartPolicy"`
	OwnerKind     string               `json:"ownerKind"`
	Windows       bool                 `json:"windows"`
	Mesh          workload.Mesh        `json:"mesh"`
	Grace         *int64               `json:"grace"`
	// Neighbours are other containers of the Pod by the port that each declares.
	Neighbours map[string]int32 `json:"neighbours"`
}

func (c *ruleCase) check(t *testing.T) []lint.Finding {
	t.Helper()
	container := containerOf(&c.Container, containerType(t, c.Type))
	container.StartupBudget = c.Budget
	pod := ownedBy(c.Pod.OwnerKind)
	pod.Spec.HostNetwork, pod.Spec.RestartPolicy = c.Pod.HostNetwork, c.Pod.RestartPolicy
	pod.Spec.TerminationGracePeriodSeconds = c.Pod.Grace
	if c.Pod.Windows {
		pod.Spec.OS = &workload.PodOS{Name: corev1.Windows}
	}
	withMesh(pod, c.Pod.Mesh)
	for name, port := range c.Pod.Neighbours {
		pod.Spec.Containers = append(pod.Spec.Containers, workload.Container{Name: name, Ports: []workload.ContainerPort{{ContainerPort: port}}})
	}
	container.Own = &probe.Map[probe.Handler]{}
	for kind, own := range c.Own {
		container.Own.Set(kind, probe.Handler{Scheme: probe.HTTP, Path: own.Path, Port: probe.Port{Number: own.Port}})
	}
	return lint.New(lint.Info).Check(pod, container)
}

func readCases(t testing.TB) map[lint.ID]cases {
	t.Helper()
	content, err := os.ReadFile("testdata/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all map[lint.ID]cases
	if err := yaml.UnmarshalStrict(content, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEachRuleFindsItsCaseAndNotTheNearMiss(t *testing.T) {
	all := readCases(t)
	for _, rule := range lint.Rules() {
		for _, c := range all[rule.ID].Found {
			t.Run(fmt.Sprintf("%s finds %s", rule.ID, c.Name), func(t *testing.T) {
				kinds := c.Kinds
				if kinds == nil {
					kinds = []probe.Kind{probe.Liveness}
				}
				var want []lint.Finding
				for _, kind := range kinds {
					want = append(want, lint.Finding{Rule: rule.ID, Kind: kind, Severity: rule.Severity, Message: c.Message})
				}
				if diff := cmp.Diff(want, of(rule.ID, c.check(t))); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
			})
		}
		for _, c := range all[rule.ID].Missed {
			t.Run(fmt.Sprintf("%s does not find %s", rule.ID, c.Name), func(t *testing.T) {
				if got := of(rule.ID, c.check(t)); got != nil {
					t.Errorf("found %+v", got)
				}
			})
		}
	}
}

func TestTheTableIsComplete(t *testing.T) {
	all, rules := readCases(t), lint.Rules()
	for i, rule := range rules {
		if want := lint.ID(fmt.Sprintf("PS%03d", i+1)); rule.ID != want {
			t.Fatalf("row %d is %s, want %s", i, rule.ID, want)
		}
		if rule.Severity != lint.Error && rule.Severity != lint.Warning && rule.Severity != lint.Info {
			t.Errorf("%s has the severity %q", rule.ID, rule.Severity)
		}
		for name, text := range map[string]string{"summary": rule.Summary, "rationale": rule.Rationale} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: the %s is no sentence: %q", rule.ID, name, text)
			}
		}
		if !strings.HasPrefix(rule.Sources[0], "https://") {
			t.Errorf("%s names no source", rule.ID)
		}
		if len(all[rule.ID].Found) == 0 || len(all[rule.ID].Missed) == 0 {
			t.Errorf("%s lacks a case that is found, or a near miss", rule.ID)
		}
		delete(all, rule.ID)
	}
	if len(rules) != 48 {
		t.Errorf("%d rules", len(rules))
	}
	for id := range all {
		t.Errorf("testdata/rules.yaml has cases of %s, which is no rule", id)
	}
}

// What a finding says has to fit into a warning, whichever rule of all finds it in whichever case. Only details of
// the greatest length, such as a port name of 15 characters, may take more than usual.
func TestMessagesAreShortAndComplete(t *testing.T) {
	checked := 0
	for _, own := range readCases(t) {
		for _, c := range append(own.Found, own.Missed...) {
			for _, f := range c.check(t) {
				checked++
				length := utf8.RuneCountInString(f.Message)
				if length > lint.MaxMessageLength {
					t.Errorf("%s: %d characters: %s", f.Rule, length, f.Message)
				}
				if length > usualMessageLength && !strings.Contains(f.Message, "...") && !strings.Contains(f.Message, "management-port") {
					t.Errorf("%s: %d characters without a long detail: %s", f.Rule, length, f.Message)
				}
				if strings.ContainsAny(f.Message, "{}") || strings.Contains(f.Message, "%!") {
					t.Errorf("%s: details are missing: %s", f.Rule, f.Message)
				}
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d messages were looked at", checked)
	}
}

func TestSeveritiesAreTheWordsThatPolicyPrints(t *testing.T) {
	if lint.Error != "E" || lint.Warning != "W" || lint.Info != "I" {
		t.Errorf("severities are %q, %q, %q", lint.Error, lint.Warning, lint.Info)
	}
}

func TestAContainerThatIsNotThereHasNoFindings(t *testing.T) {
	if got := lint.New(lint.Info).Check(nil, &lint.Container{Container: &workload.Container{}}); got != nil {
		t.Errorf("no Pod: %v", got)
	}
	for _, none := range []*lint.Container{nil, {}} {
		if got := lint.New(lint.Info).Check(&workload.Pod{}, none); got != nil {
			t.Errorf("no container: %v", got)
		}
	}
}
