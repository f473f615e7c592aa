// Package statusline is the form of the annotation probe-injector.dev/status: one line for people, that can be read back.
//
//	web: startup+liveness http:8080/healthz, readiness http:8080/readyz; up to 122s to start, restart after 50-65s (v0.1.0)
//	web: readiness tcp:80; no liveness: invalid_annotation | cache: nothing: no_port (v0.1.0)
//	web: nothing: low_confidence (low, policy.confidence.readiness is medium) (v0.1.0)
//	nothing: restart_policy (v0.1.0)
//	web: nothing: invalid_annotation | wrong annotation probe-injector.dev/liveness: "8080": write tcp:8080 or http:8080/PATH (v0.1.0)
//
// [Format] writes a [Status] and [Parse] reads it. Containers are separated by " | ", probes by ", ", and what follows the
// probes by "; ". The first mistake in the annotations stands last, because it quotes what people wrote. No handler contains
// a space, so that a Pod that arrives with the line is known as one that was reviewed before. What the line has to say is
// decided in package policy.
package statusline

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// MaxLength bounds the line in bytes, so that it never pushes a Pod over the 256 KiB that the API server allows for all
// annotations unless the Pod was already at that limit.
const MaxLength = 1024

// Status is what the line says about one Pod.
type Status struct {
	// Containers are those that have something to say, in the order of the Pod.
	Containers []Container
	// PodReason is why the Pod as a whole gets nothing, or nothing else; empty when there is no such reason.
	PodReason reason.Reason
	// Mistake is what is wrong in the Pod's annotations, first the key: a short text of printable ASCII; empty when nothing is.
	Mistake string
	// Cut reports that there were more containers than the line has room for.
	Cut bool
	// Version is that of the program that wrote the line.
	Version string
}

// Container is what the line says about one container.
type Container struct {
	Name string
	// Probes are the injected probes, each by its handler in the grammar of the annotations.
	Probes probe.Map[string]
	// StartWithin is how long the container may take to start, in seconds, where Probes has one that can kill it.
	StartWithin int32
	// RestartFrom and RestartTo are between how many seconds of silence it is restarted, where Probes has liveness.
	RestartFrom, RestartTo int32
	// Withheld are the probes that were requested and are not injected, in the order of probe.Kinds.
	Withheld []Withheld
	// Reason is why there is no probe at all; empty where Probes has any.
	Reason reason.Reason
	// Detail is what people can change about Reason, without "; " and " | "; empty where the word says it all.
	Detail string
}

// Withheld is one probe that was requested and is not injected.
type Withheld struct {
	Kind   probe.Kind
	Reason reason.Reason
	Detail string
}

// ContainerSeparator stands between the parts of two containers.
const ContainerSeparator = " | "

const (
	probeSeparator  = ", "
	clauseSeparator = "; "
	more            = "..."
	// wrongAnnotation begins what is said of a mistake. It has blanks, which no container's name has.
	wrongAnnotation = "wrong annotation "
	nothing         = "nothing: "
	nothingElse     = "nothing else: "
)

// WithoutMistake takes what is said of a mistake off the end of a line without its version.
func WithoutMistake(line string) string {
	before, _, _ := strings.Cut(line, ContainerSeparator+wrongAnnotation)
	return before
}

// WithoutVersion takes " (v0.1.0)" off the end of a line; empty when it is not there.
func WithoutVersion(line string) string {
	i := strings.LastIndex(line, " (")
	if i < 0 || !strings.HasSuffix(line, ")") {
		return ""
	}
	return line[:i]
}
