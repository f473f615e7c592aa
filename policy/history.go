package policy

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// previousStatus reads back which probes a status annotation lists: container, kind, handler. What is not in our
// form is not listed.
func previousStatus(pod *Pod) map[string]map[probe.Kind]string {
	line := withoutVersion(pod.annotations()[annotation.StatusKey])
	if line == "" || len(line) > MaxStatusLength {
		return nil
	}
	listed := map[string]map[probe.Kind]string{}
	for segment := range strings.SplitSeq(line, containerSeparator) {
		name, rest, found := strings.Cut(segment, ": ")
		if !found {
			continue
		}
		probes, _, _ := strings.Cut(rest, clauseSeparator)
		if kinds := listedKinds(probes); len(kinds) > 0 {
			listed[name] = kinds
		}
	}
	return listed
}

// withoutVersion takes " (v0.1.0)" off the end; empty when it is not there.
func withoutVersion(status string) string {
	i := strings.LastIndex(status, " (")
	if i < 0 || !strings.HasSuffix(status, ")") {
		return ""
	}
	return status[:i]
}

func listedKinds(probes string) map[probe.Kind]string {
	kinds := map[probe.Kind]string{}
	for part := range strings.SplitSeq(probes, probeSeparator) {
		words, handler, found := strings.Cut(part, " ")
		if !found || strings.Contains(handler, " ") {
			return nil
		}
		for word := range strings.SplitSeq(words, "+") {
			kind := probe.Kind(word)
			if kind != probe.Startup && kind != probe.Liveness && kind != probe.Readiness {
				return nil
			}
			kinds[kind] = handler
		}
	}
	return kinds
}

// isStrippedCopy says whether the Pod arrives with our status but without a probe that it lists. kubectl debug
// --copy-to takes the probes off on purpose, so that the copy is left alone.
func isStrippedCopy(pod *Pod) bool {
	for name, kinds := range previousStatus(pod) {
		c := pod.container(name)
		if c == nil {
			continue
		}
		for kind := range kinds {
			if c.existing(kind) == nil {
				return true
			}
		}
	}
	return false
}

// container finds a container or init container by name.
func (p *Pod) container(name string) *Container {
	for _, containers := range [][]Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range containers {
			if containers[i].Name == name {
				return &containers[i]
			}
		}
	}
	return nil
}
