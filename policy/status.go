package policy

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// The status annotation is one line for people:
//
//	web: startup+liveness http:8080/healthz, readiness http:8080/readyz; up to 122s to start, restart after 50-65s (v0.1.0)
//	web: readiness tcp:80; no liveness: invalid_annotation | cache: nothing: no_port (v0.1.0)
//	nothing: restart_policy (v0.1.0)
//
// Containers are separated by " | ", probes by ", ", and what follows the probes by "; ". No handler contains a
// space, so the line can be read back: a Pod that arrives with it was here before.
const (
	containerSeparator = " | "
	probeSeparator     = ", "
	clauseSeparator    = "; "
)

// status is what the annotation must say; empty when it must stay as it is.
func (d *deciding) status() string {
	var segments []string
	for _, name := range d.concerned() {
		segments = append(segments, d.segment(name, d.previous[name]))
	}
	if why := d.podReason(); len(segments) == 0 {
		segments = append(segments, "nothing: "+string(why))
	} else if why != "" {
		segments = append(segments, "nothing else: "+string(why))
	}
	line := fit(segments, MaxStatusLength-len(d.policy.version)-len(" ()"))
	if line == withoutVersion(d.pod.annotations()[annotation.StatusKey]) {
		return ""
	}
	return line + " (" + d.policy.version + ")"
}

// fit joins as many segments as the limit allows and says when there are more.
func fit(segments []string, limit int) string {
	const more = containerSeparator + "..."
	line := ""
	for i, segment := range segments {
		next := segment
		if i > 0 {
			next = line + containerSeparator + segment
		}
		if len(next)+len(more) > limit {
			return strings.TrimPrefix(line+more, containerSeparator)
		}
		line = next
	}
	return line
}

// concerned names the containers that have something to say, in the order of the Pod.
func (d *deciding) concerned() []string {
	has := make(map[string]bool, len(d.plans)+1)
	for i := range d.out.Injections {
		has[d.out.Injections[i].Container.Name] = true
	}
	for i := range d.out.Skips {
		has[d.out.Skips[i].Container] = true
	}
	var names []string
	for _, containers := range [...][]Container{d.pod.Spec.Containers, d.pod.Spec.InitContainers} {
		for i := range containers {
			if name := containers[i].Name; name != "" && has[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// podReason is the reason that concerns no single container, if there is one.
func (d *deciding) podReason() reason.Reason {
	i := slices.IndexFunc(d.out.Skips, func(s Skip) bool { return s.Container == "" })
	if i < 0 {
		return ""
	}
	return d.out.Skips[i].Reason
}

// segment is the part of one container.
func (d *deciding) segment(name string, previous map[probe.Kind]string) string {
	ours := d.ours(name, previous)
	withheld := d.withheld(name, &ours)
	if ours.Len() == 0 {
		return name + ": nothing: " + string(d.containerReason(name))
	}
	clauses := []string{listProbes(&ours)}
	if promise := promise(&ours); promise != "" {
		clauses = append(clauses, promise)
	}
	return name + ": " + strings.Join(append(clauses, withheld...), clauseSeparator)
}

// listed is one probe of ours.
type listed struct {
	handler string
	timing  timing.Timing
}

// ours are the probes that we inject now, and those that the previous status lists and that are there as listed.
func (d *deciding) ours(name string, previous map[probe.Kind]string) (ours probe.Map[listed]) {
	if c := d.pod.container(name); c != nil {
		for kind, handler := range previous {
			if existing := c.existing(kind); existing != nil && handlerOf(existing).String() == handler {
				ours.Set(kind, listed{handler, timingOf(existing)})
			}
		}
	}
	for i := range d.out.Injections {
		if in := &d.out.Injections[i]; in.Container.Name == name {
			ours.Set(in.Kind, listed{in.Handler.String(), in.Timing})
		}
	}
	return ours
}

// withheld are the clauses for probes that were asked for and are not given. A probe that is there already needs
// no clause.
func (d *deciding) withheld(name string, ours *probe.Map[listed]) []string {
	var clauses []string
	for _, kind := range probe.Kinds() {
		for _, s := range d.out.Skips {
			if s.Container == name && s.Kind == kind && !ours.Has(kind) && s.Reason != reason.ExistingProbe && s.Reason != reason.Declined {
				clauses = append(clauses, "no "+string(kind)+": "+string(s.Reason))
			}
		}
	}
	return clauses
}

// containerReason is the reason for a container that gets nothing: the one that a person can act on comes first.
func (d *deciding) containerReason(name string) reason.Reason {
	best := reason.Reason("")
	for _, s := range d.out.Skips {
		if s.Container != name {
			continue
		}
		if best == "" || (isCalm(best) && !isCalm(s.Reason)) {
			best = s.Reason
		}
	}
	return best
}

func isCalm(r reason.Reason) bool {
	description, _ := reason.Describe(r)
	return description.Calm
}

// listProbes joins startup and liveness when they ask the same.
func listProbes(ours *probe.Map[listed]) string {
	var parts []string
	live, hasLiveness := ours.Get(probe.Liveness)
	start, hasStartup := ours.Get(probe.Startup)
	if hasStartup && hasLiveness && start.handler == live.handler {
		parts = append(parts, "startup+liveness "+live.handler)
	} else {
		if hasStartup {
			parts = append(parts, "startup "+start.handler)
		}
		if hasLiveness {
			parts = append(parts, "liveness "+live.handler)
		}
	}
	if ready, ok := ours.Get(probe.Readiness); ok {
		parts = append(parts, "readiness "+ready.handler)
	}
	return strings.Join(parts, probeSeparator)
}

// promise says what the probes that kill guarantee.
func promise(ours *probe.Map[listed]) string {
	var parts []string
	live, hasLiveness := ours.Get(probe.Liveness)
	start, hasStartup := ours.Get(probe.Startup)
	switch {
	case hasStartup:
		parts = append(parts, fmt.Sprintf("up to %ds to start", start.timing.EarliestAct()))
	case hasLiveness:
		parts = append(parts, fmt.Sprintf("up to %ds to start", live.timing.EarliestAct()))
	}
	if hasLiveness {
		parts = append(parts, fmt.Sprintf("restart after %d-%ds", live.timing.Tolerance(), live.timing.Detection()))
	}
	return strings.Join(parts, probeSeparator)
}

func timingOf(p *corev1.Probe) timing.Timing {
	return timing.Timing{
		InitialDelaySeconds: p.InitialDelaySeconds, PeriodSeconds: p.PeriodSeconds, TimeoutSeconds: p.TimeoutSeconds,
		SuccessThreshold: p.SuccessThreshold, FailureThreshold: p.FailureThreshold,
		TerminationGracePeriodSeconds: p.TerminationGracePeriodSeconds,
	}
}

// handlerOf spells the handler of a probe as we would have.
func handlerOf(p *corev1.Probe) probe.Handler {
	switch {
	case p.Exec != nil:
		return probe.Handler{Scheme: probe.Exec}
	case p.TCPSocket != nil:
		return probe.Handler{Scheme: probe.TCP, Port: probe.Port{Number: p.TCPSocket.Port.IntVal, Name: p.TCPSocket.Port.StrVal}}
	case p.GRPC != nil:
		h := probe.Handler{Scheme: probe.GRPC, Port: probe.Port{Number: p.GRPC.Port}}
		if p.GRPC.Service != nil {
			h.Service = *p.GRPC.Service
		}
		return h
	case p.HTTPGet != nil:
		port := probe.Port{Number: p.HTTPGet.Port.IntVal, Name: p.HTTPGet.Port.StrVal}
		return probe.Handler{Scheme: probe.Scheme(strings.ToLower(string(p.HTTPGet.Scheme))), Port: port, Path: p.HTTPGet.Path}
	}
	return probe.Handler{}
}
