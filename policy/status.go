package policy

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// status is what the annotation must say; empty when it must stay as it is.
func (p *Policy) status(pod *podFacts, d *Decision) string {
	s := statusline.Status{PodReason: d.podReason(), Version: p.version}
	if len(d.Errors) > 0 {
		s.Mistake = d.firstMistake(pod.previous.Mistake)
	}
	for _, name := range d.concerned(pod) {
		s.Containers = append(s.Containers, d.containerStatus(pod, pod.Container(name)))
	}
	if pod.previous.Cut && len(d.Injections) == 0 {
		// The containers beyond the cut cannot be told from those of others, so that a second pass has nothing to add.
		return ""
	}
	line := statusline.Format(s)
	if statusline.WithoutVersion(line) == statusline.WithoutVersion(pod.Annotations()[annotation.StatusKey]) {
		return ""
	}
	return line
}

// maxStatusMistake is room for the longest key, a value as far as it is shown, and what would be right, in a third of the line.
const maxStatusMistake = 340

// firstMistake is the first mistake as the status says it. Beside the probes that an earlier pass injected the same mistake may
// have other figures: then what that pass said of it stays.
func (d *Decision) firstMistake(previous string) string {
	err := d.Errors[0]
	said := shown(mistakeSentence(err, maxStatusMistake), maxStatusMistake)
	if about, found := strings.CutSuffix(said, err.Detail); found && len(d.Injections) == 0 && strings.HasPrefix(previous, about) {
		return previous
	}
	return said
}

// concerned names the containers that have something to say, in the order of the Pod.
func (d *Decision) concerned(pod *podFacts) []string {
	has := make(map[string]bool, len(d.Injections)+len(d.Skips))
	for i := range d.Injections {
		has[d.Injections[i].Container.Name] = true
	}
	for i := range d.Skips {
		has[d.Skips[i].Container] = true
	}
	var names []string
	for _, containers := range [...][]workload.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			if name := containers[i].Name; name != "" && has[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// podReason is the reason that concerns no single container, if there is one.
func (d *Decision) podReason() reason.Reason {
	i := slices.IndexFunc(d.Skips, func(s Skip) bool { return s.Container == "" })
	if i < 0 {
		return ""
	}
	return d.Skips[i].Reason
}

// containerStatus is what the status says about one container.
func (d *Decision) containerStatus(pod *podFacts, c *workload.Container) statusline.Container {
	out := statusline.Container{Name: c.Name}
	timeline := d.ours(pod, c, &out.Probes)
	if out.Probes.Len() == 0 {
		why := d.containerReason(c.Name)
		out.Reason, out.Detail = why.Reason, why.knob()
		return out
	}
	if out.Probes.Has(probe.Startup) || out.Probes.Has(probe.Liveness) {
		out.StartWithin = timeline.KillNotBefore()
	}
	if out.Probes.Has(probe.Liveness) {
		out.RestartFrom, out.RestartTo = timeline.Liveness.Tolerance(), timeline.Liveness.Detection()
	}
	out.Withheld = d.withheld(c.Name, &out.Probes)
	return out
}

// ours are the probes that are injected now, and those that the Pod's status lists and that are there as listed, with the
// timeline of the container.
func (d *Decision) ours(pod *podFacts, c *workload.Container, handlers *probe.Map[string]) timing.Timeline {
	for _, kind := range probe.Kinds() {
		if existing := c.Probe(kind); existing != nil && pod.lists(c.Name, kind, existing) {
			handlers.Set(kind, probe.HandlerOf(existing).String())
		}
	}
	timeline := timing.Timeline{}
	added := false
	for i := range d.Injections {
		if in := &d.Injections[i]; in.Container.Name == c.Name {
			handlers.Set(in.Kind, in.Handler.String())
			timeline, added = in.Timeline, true
		}
	}
	if !added && handlers.Len() > 0 {
		timeline = pod.timelineOf(c, &probe.Map[*corev1.Probe]{})
	}
	return timeline
}

// withheld are the probes that were asked for and are not given. A probe that is there already needs no word.
func (d *Decision) withheld(container string, ours *probe.Map[string]) []statusline.Withheld {
	var out []statusline.Withheld
	for _, kind := range probe.Kinds() {
		for _, s := range d.Skips {
			if s.Container == container && s.Kind == kind && !ours.Has(kind) && s.Reason != reason.ExistingProbe && s.Reason != reason.Declined {
				out = append(out, statusline.Withheld{Kind: kind, Reason: s.Reason, Detail: s.knob()})
			}
		}
	}
	return out
}

// containerReason is why a container gets nothing: what a person can act on comes first.
func (d *Decision) containerReason(container string) Skip {
	var best Skip
	for _, s := range d.Skips {
		if s.Container == container && (best.Reason == "" || (isSilent(best.Reason) && !isSilent(s.Reason))) {
			best = s
		}
	}
	return best
}

// knob is what the status says behind a reason: which setting of the policy decided, since whoever reads it may not be who
// wrote the policy.
func (s *Skip) knob() string {
	if s.Reason == reason.LowConfidence {
		return s.Detail
	}
	return ""
}

func isSilent(r reason.Reason) bool {
	description, _ := reason.Describe(r)
	return description.Silent
}
