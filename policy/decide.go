package policy

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Door is the path by which a Pod reaches the engine. Which door is chosen by the API server, from the
// webhook configuration; offline, Route chooses it in the same way.
type Door struct {
	// Group is the name of a group of rules, or empty for Pods that carry annotations of ours.
	Group string
}

// Subject is all that a decision may depend on, next to the Policy.
type Subject struct {
	Pod  *Pod
	Door Door
	// Notes asks for findings of severity I as well, which concern only people who look closely.
	Notes bool
}

// Decide answers what to inject into the subject's Pod. It is pure and total: every Pod gets a Decision,
// user mistakes are part of it.
func (p *Policy) Decide(s Subject) Decision {
	if s.Pod == nil {
		return Decision{Mode: p.mode}
	}
	if why, skip := handsOff(s.Pod); skip {
		return leftAlone(p.mode, s.Pod, why)
	}
	if s.Door.Group != "" {
		return p.decideByRules(s)
	}
	return p.decideAnnotated(s)
}

// leftAlone is the answer for a Pod that is not touched at all.
func leftAlone(mode Mode, pod *Pod, why reason.Reason) Decision {
	d := Decision{Mode: mode, Asked: asks(pod), Skips: []Skip{{Reason: why}}}
	if d.Asked && !isCalm(why) {
		d.Warnings = podWarning(why)
	}
	return d
}

// handsOff finds the Pods to which not even a status is written.
func handsOff(pod *Pod) (reason.Reason, bool) {
	annotations := pod.annotations()
	_, mirror := annotations[corev1.MirrorPodAnnotationKey]
	switch {
	case annotations[annotation.Key("", string(annotation.Inject))] == "false":
		return reason.OptedOut, true
	case mirror:
		return reason.MirrorPod, true
	case isStrippedCopy(pod):
		return reason.StrippedCopy, true
	}
	return "", false
}

// absolute finds what no key overrides for the whole Pod.
func absolute(pod *Pod) (reason.Reason, bool) {
	switch {
	case pod.Spec.RestartPolicy != "" && pod.Spec.RestartPolicy != corev1.RestartPolicyAlways:
		return reason.RestartPolicy, true
	case isKnative(pod):
		return reason.Knative, true
	}
	return "", false
}

// isKnative finds Pods whose readiness Knative's queue-proxy owns, by the labels of their revision
// (https://knative.dev/docs/serving/reference/serving-api/).
func isKnative(pod *Pod) bool {
	if pod.Metadata == nil {
		return false
	}
	for label := range pod.Metadata.Labels {
		if strings.HasPrefix(label, "serving.knative.dev/") {
			return true
		}
	}
	return false
}

// asks says whether the Pod carries any key of ours but the status.
func asks(pod *Pod) bool {
	for key, value := range pod.annotations() {
		if value != "" && annotation.Asks(key) {
			return true
		}
	}
	return false
}

// decideAnnotated answers a Pod that carries annotations of ours.
func (p *Policy) decideAnnotated(s Subject) Decision {
	pod := s.Pod
	entries := annotation.Parse(pod.annotations(), p.limits())
	if len(entries) == 0 {
		return Decision{Mode: p.mode}
	}
	d := p.deciding(s, Decision{Mode: p.mode, Asked: true})
	d.asked = true
	r := p.read(pod, entries)
	d.out.Errors, d.out.Skips, d.requests = r.errs, r.skips, r.containers
	if why, skip := absolute(pod); skip {
		d.out.Skips = append(d.out.Skips, Skip{Reason: why})
		return d.finish()
	}
	for _, q := range r.containers {
		if q.touched {
			d.plan(q)
		}
	}
	d.dropSharedPorts()
	for i := range d.plans {
		d.inject(&d.plans[i])
	}
	return d.finish()
}

// decideByRules answers a Pod that carries none, by the first rule of the group that matches it.
func (p *Policy) decideByRules(s Subject) Decision {
	pod := s.Pod
	none := func(why reason.Reason) Decision {
		return Decision{Mode: p.mode, Skips: []Skip{{Reason: why}}}
	}
	if asks(pod) {
		return none(reason.AnnotatedPod)
	}
	group, ok := p.group(s.Door.Group)
	if !ok {
		return none(reason.RuleNotLoaded)
	}
	matched := group.match(pod)
	if matched == nil {
		return none(reason.NoRuleMatches)
	}
	d := p.deciding(s, Decision{Mode: matched.Mode, Rule: matched.Name})
	d.rule = matched
	if skip, found := ruleObstacle(pod, matched); found {
		d.out.Skips = append(d.out.Skips, skip)
		return d.finish()
	}
	d.planForRule()
	for i := range d.plans {
		d.inject(&d.plans[i])
	}
	return d.finish()
}

// deciding is the state of one decision.
type deciding struct {
	policy *Policy
	pod    *Pod
	// notes asks for findings of severity I.
	notes bool
	mesh  lint.Mesh
	// requests are all that could have probes: regular containers, then native sidecars.
	requests []*request
	// previous are the probes that the Pod's status lists: an earlier pass of ours added them.
	previous map[string]map[probe.Kind]string
	// asked says that the Pod's annotations ask; else rule does.
	asked bool
	rule  *rule
	plans []plan
	out   Decision
}

// deciding begins a decision about a Pod.
func (p *Policy) deciding(s Subject, out Decision) *deciding {
	return &deciding{policy: p, pod: s.Pod, notes: s.Notes, previous: previousStatus(s.Pod), mesh: meshOf(s.Pod), out: out}
}

// plan is what one container is going to get, before the times are known.
type plan struct {
	request *request
	choices probe.Map[choice]
}

// choice is a handler with its port resolved, and where it came from.
type choice struct {
	handler probe.Handler
	source  Source
	// evidence is why it is believed, where source is SourceEvidence or SourceInference.
	evidence Evidence
	// explicit says that a key names the handler: a person took the decision.
	explicit bool
}

func (d *deciding) skip(q *request, kind probe.Kind, why reason.Reason, detail string) {
	d.out.Skips = append(d.out.Skips, Skip{Container: q.ref.Name, Kind: kind, Reason: why, Detail: detail})
}

// finish orders the answer and puts it into words.
func (d *deciding) finish() Decision {
	d.admitMistakes()
	slices.SortStableFunc(d.out.Injections, func(a, b Injection) int { return compareRefs(a.Container, b.Container) })
	d.judge()
	d.out.Status = d.status()
	d.out.Warnings = d.warnings()
	return d.out
}

// admitMistakes makes sure that a Pod with a wrong annotation says so, also when nothing seems to be withheld: the
// key could have meant anything.
func (d *deciding) admitMistakes() {
	said := slices.ContainsFunc(d.out.Skips, func(s Skip) bool { return s.Reason == reason.InvalidAnnotation })
	if len(d.out.Errors) > 0 && !said {
		d.out.Skips = append(d.out.Skips, Skip{Reason: reason.InvalidAnnotation})
	}
}

func compareRefs(a, b ContainerRef) int {
	switch {
	case a.Init != b.Init && b.Init:
		return -1
	case a.Init != b.Init:
		return 1
	}
	return a.Index - b.Index
}
