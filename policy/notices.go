package policy

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Notice is one thing that people should know about a Pod. Warnings are notices that are cut to their length.
type Notice struct {
	Severity lint.Severity
	// Rule is the lint rule. Without one, Reason names why something is not injected, has no effect, or is a risk.
	Rule   lint.ID
	Reason reason.Reason
	// Container is empty where the whole Pod is meant.
	Container string
	// Kinds are the probes that it is about; none where it is about all of them.
	Kinds []probe.Kind
	// Key is the annotation that it is about, or with IsLabel the label; empty for none.
	Key     string
	IsLabel bool
	// Absent reports that there is no such probe, and that this is what was found.
	Absent bool
	// Message is the sentence: the fact, then what to write. It does not name the container, nor the probe of a finding.
	Message string
	// Remedy is what to write, where a reason knows it.
	Remedy string
	// OfProbe reports that it is about a probe that is there or is injected, or about its absence, and not about what is missing of
	// what was asked for.
	OfProbe bool

	// mistake is what is wrong with an annotation.
	mistake *field.Error
}

// Notices are what people should know about the Pod of the decision, in the order in which it matters. Nobody hears reasons of a
// Pod that did not ask.
func (d *Decision) Notices(pod *workload.Pod) []Notice {
	var all []Notice
	if d.Asked {
		d.notices(pod.Labels(), func(n Notice) { all = append(all, n) })
		return all
	}
	d.findingNotices(func(n Notice) { all = append(all, n) })
	return all
}

func (d *Decision) notices(labels map[string]string, say func(Notice)) {
	for _, err := range d.Errors {
		key, _ := KeyOf(err)
		say(Notice{
			Severity: lint.Error, Reason: reason.InvalidAnnotation, Key: key, mistake: err,
			Message: mistakeSentence(err, maxMistake),
		})
	}
	for _, key := range labelsInVain(labels) {
		say(Notice{Severity: lint.Error, Key: key, IsLabel: true, Message: "label " + key + " has no effect: write it as an annotation"})
	}
	d.skipNotices(say)
	for i := range d.Unused {
		u := &d.Unused[i]
		say(Notice{Severity: lint.Warning, Reason: u.Reason, Container: u.Container, Key: u.Key, Message: u.Because + ": " + u.Key + " has no effect"})
	}
	d.findingNotices(say)
}

// maxMistake is longer than any key with its value and what would be right.
const maxMistake = 8192

// skipNotices tells each reason of a container once, with the probes that it concerns.
func (d *Decision) skipNotices(say func(Notice)) {
	for i, s := range d.Skips {
		if s.Reason == reason.InvalidAnnotation && len(d.Errors) > 0 {
			continue
		}
		same := func(other Skip) bool {
			return other.Container == s.Container && other.Reason == s.Reason && other.Detail == s.Detail
		}
		if slices.ContainsFunc(d.Skips[:i], same) {
			continue
		}
		var kinds []probe.Kind
		for _, other := range d.Skips[i:] {
			if same(other) && other.Kind != "" {
				kinds = append(kinds, other.Kind)
			}
		}
		say(skipNotice(s, kinds))
	}
}

// skipNotice is the sentence of a reason: the fact, then what to write.
func skipNotice(s Skip, kinds []probe.Kind) Notice {
	n := Notice{Severity: lint.Warning, Reason: s.Reason, Container: s.Container, Kinds: kinds}
	if isSilent(s.Reason) {
		n.Severity = lint.Info
	}
	description, _ := reason.Describe(s.Reason)
	subject := "no probes"
	for j, kind := range kinds {
		if j == 0 {
			subject = "no " + string(kind)
		} else {
			subject += "+" + string(kind)
		}
	}
	n.Message = subject + ": " + description.FactAbout(s.Detail)
	if n.Remedy = description.RemedyFor(s.Detail); n.Remedy != "" {
		n.Message += remedyFollows + n.Remedy
	}
	return n
}

func (d *Decision) findingNotices(say func(Notice)) {
	for i := range d.Findings {
		f := &d.Findings[i]
		n := Notice{Severity: f.Severity, Rule: f.Rule, Reason: f.Reason, Container: f.Container, Absent: f.Absent, Message: f.Message, OfProbe: true}
		if f.Kind != "" {
			n.Kinds = []probe.Kind{f.Kind}
		}
		say(n)
	}
}

// warns reports whether whoever made the Pod is told.
func (n *Notice) warns() bool { return n.Severity != lint.Info && !n.Absent }

// sentence is the notice as a warning: the container first, and the rule to look up last.
func (n *Notice) sentence() string {
	switch {
	case n.mistake != nil:
		return mistakeSentence(n.mistake, MaxWarningLength)
	case n.IsLabel:
		return n.Message
	}
	said := n.Container + ": "
	if n.Container == "" {
		said = "pod: "
	}
	if n.OfProbe && len(n.Kinds) > 0 {
		said += string(n.Kinds[0]) + ": "
	}
	said += n.Message
	if n.Rule != "" {
		said += " (" + string(n.Rule) + ")"
	}
	return said
}
