// Package check finds what is wrong, or worth knowing, with the workloads of files: wrong annotations, keys that nobody reads, what
// was asked for in vain, and what the lint rules say of the probes that are there and of those that would be injected.
//
// It has no rules of its own: [Workload] asks the engine by the same routes as the API server, and gives each of its notices the
// position of what it is about.
package check

import (
	"fmt"
	"slices"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Misplaced is the id of keys that nobody reads where they stand.
const Misplaced = "misplaced"

// Result is what was found in all workloads.
type Result struct {
	Findings []finding.Finding
	// Unknown are the namespaces whose labels are not known, where rules of the policy could select Pods by them.
	Unknown []string
}

// All checks every workload.
func All(file *policyfile.File, in *manifest.Input) (*Result, error) {
	result := &Result{}
	for i := range in.Workloads {
		w := &in.Workloads[i]
		labels, known := in.Namespaces[w.Namespace]
		if !known {
			labels = manifest.WithNameLabel(w.Namespace, nil)
		}
		c := checking{file: file, w: w, labels: labels}
		if err := c.run(); err != nil {
			return nil, err
		}
		if !known && c.couldMatchRules() && !slices.Contains(result.Unknown, w.Namespace) {
			result.Unknown = append(result.Unknown, w.Namespace)
		}
		result.Findings = append(result.Findings, c.found...)
	}
	finding.Sort(result.Findings)
	return result, nil
}

// checking is the check of one workload.
type checking struct {
	file   *policyfile.File
	w      *manifest.Workload
	labels map[string]string

	asked bool
	found []finding.Finding
}

func (c *checking) run() error {
	pod := c.w.Pod
	routes := c.routes(pod)
	if len(routes) == 0 {
		c.notices(policy.Decision{Findings: c.file.Policy.Lint(pod)}, pod)
	}
	for _, route := range routes {
		// An earlier answer may have filled what the API server would send the Pod through this route for.
		if !slices.Contains(c.routes(pod), route) {
			continue
		}
		d, _, err := patch.Decide(c.file.Policy, policy.Subject{Pod: pod, Route: route, Notes: true}, patch.Options{
			ObjectBytes: c.w.Bytes, Label: c.file.Registration.InjectedLabel,
		})
		if err != nil {
			return fmt.Errorf("%s: %s: %w", c.w.Position(nil), c.w.Ref(), err)
		}
		c.asked = c.asked || d.Asked
		c.notices(d, pod)
		// The next route sees the Pod with what this one does.
		pod = patch.Apply(pod, &d)
	}
	c.unread()
	return nil
}

// routes are those by which the API server sends the Pod.
func (c *checking) routes(pod *workload.Pod) []policy.Route {
	return c.file.Routes(pod, c.w.Namespace, c.labels)
}

// couldMatchRules reports whether the namespace's labels, if they were known, could bring the Pod to a rule or keep it away.
func (c *checking) couldMatchRules() bool {
	return !policy.Asks(c.w.Pod) && len(c.file.Policy.Groups()) > 0 && c.w.Pod.Annotations()[policy.InjectLabel] != "false"
}

// notices turns what the engine says into findings.
func (c *checking) notices(d policy.Decision, pod *workload.Pod) {
	all := d.Notices(pod)
	for i := range all {
		n := &all[i]
		if n.Severity == lint.Info && n.Reason != "" && !n.OfProbe && len(d.Injections) > 0 {
			// What was asked for in vain is told; that a part of it was there already, or declined, is what people know.
			continue
		}
		c.add(c.notice(n, &d))
	}
}

// notice is the finding for a notice.
func (c *checking) notice(n *policy.Notice, d *policy.Decision) finding.Finding {
	f := finding.Finding{
		ID: string(n.Rule), Severity: finding.Of(n.Severity), Workload: c.w.Ref(), Container: n.Container,
		Message: n.Message, Remedy: n.Remedy,
	}
	switch {
	case n.IsLabel:
		f.ID = Misplaced
	case n.Rule == "":
		f.ID = string(n.Reason)
	}
	if n.Rule != "" {
		f.Remedy = finding.RemedyIn(n.Message)
	}
	if n.OfProbe && len(n.Kinds) > 0 {
		f.Probe = n.Kinds[0].FieldName()
	}
	if n.Absent && declined(d, n) {
		f.Severity = finding.Note
	}
	place := c.placeOf(n)
	f.Position, f.Field = c.w.PositionInPod(place...), c.w.InPod(place...).String()
	return f
}

// declined reports whether a person's own key says that there is to be no such probe.
func declined(d *policy.Decision, n *policy.Notice) bool {
	return slices.ContainsFunc(d.Skips, func(s policy.Skip) bool {
		return s.Reason == reason.Declined && s.Container == n.Container
	})
}

// add keeps a finding that is new: two routes say the same of what both see.
func (c *checking) add(f finding.Finding) {
	if !slices.Contains(c.found, f) {
		c.found = append(c.found, f)
	}
}

// Knows reports whether findings can have an id.
func Knows(id string) bool {
	if _, isReason := reason.Describe(reason.Reason(id)); isReason || id == Misplaced {
		return true
	}
	return slices.ContainsFunc(lint.Rules(), func(rule lint.Rule) bool { return string(rule.ID) == id })
}
