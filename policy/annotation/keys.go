package annotation

import "strings"

// Domain is the domain of every annotation and label of ours. A container's own keys put the container's name and
// a dot in front of it.
const Domain = "probe-injector.dev"

// StatusKey is the annotation in which the outcome is written on the Pod.
const StatusKey = Domain + "/" + string(Status)

// ContainerSuffix is what the prefix of a container's own key ends with.
const containerSuffix = "." + Domain

// Word is the name part of an annotation key that does not belong to one field of a probe.
type Word string

// The words.
const (
	Inject        Word = "inject"
	Liveness      Word = "liveness"
	Readiness     Word = "readiness"
	Startup       Word = "startup"
	Profile       Word = "profile"
	StartupBudget Word = "startup-budget"
	RestartAfter  Word = "restart-after"
	UnreadyAfter  Word = "unready-after"
	HostHeader    Word = "host-header"
	Status        Word = "status"
)

// Description documents one word for people: the generated reference is made of it.
type Description struct {
	Word Word
	// Values is the form of the value; Example one that is right; Meaning what it does.
	Values, Example, Meaning string
}

// Reference lists every word that a person can write, in the order in which it is taught.
func Reference() []Description {
	const handlers = `path, http:PORT/PATH, https:PORT/PATH, tcp:PORT, grpc:PORT[/SERVICE], "true" (choose for me), "false" (none)`
	return []Description{
		{Inject, `"true" or "false"`, `"true"`, `liveness and readiness, found from the container; "false": hands off, always wins`},
		{Liveness, handlers, "/livez", "when to restart: a cheap check of the process itself, never of what it depends on"},
		{Readiness, handlers, "/readyz", "when to send traffic"},
		{Startup, handlers, "/startedz", `when the start is over; without it liveness's handler is used; "false": no startup probe, liveness waits for the budget instead`},
		{Profile, "name of a profile", "spring-boot", `handlers and times for a framework or product; asks like inject: "true"`},
		{StartupBudget, "duration", "5m", "the longest healthy start"},
		{RestartAfter, "duration", "50s", "restart after this long without an answer, never earlier"},
		{UnreadyAfter, "duration", "20s", "out of rotation within this long without an answer"},
		{HostHeader, "host name, optionally :PORT", "shop.example.com", "the Host header of http and https probes, for applications that check it"},
	}
}

// IsOurs reports whether an annotation key belongs to us: its prefix is the domain, or a container's name, a dot and
// the domain.
func IsOurs(key string) bool {
	_, _, ours := split(key)
	return ours
}

// Asks reports whether a key makes its Pod one that asks for itself: every key of ours but the status does.
// The webhook configuration selects Pods by the same rule.
func Asks(key string) bool { return key != StatusKey && IsOurs(key) }

// split takes a key apart into the container's name (empty for the main container) and the name part.
func split(key string) (container, name string, ours bool) {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		return "", "", false
	}
	if prefix == Domain {
		return "", name, true
	}
	container, ours = strings.CutSuffix(prefix, containerSuffix)
	return container, name, ours
}

// Key spells the annotation key of a word, for a container or with an empty name for the main one.
func Key(container string, name string) string {
	if container == "" {
		return Domain + "/" + name
	}
	return container + containerSuffix + "/" + name
}
