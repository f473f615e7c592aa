// Package probe holds the words that all of policy shares about a single probe: its kind, the names of its
// timing fields, and the handler that a person or an inference names for it. It knows nothing about where they
// come from and decides nothing.
package probe

// Kind names one of the three probes of a container. Its value is the word of the annotation key.
type Kind string

// The three probes, in the order in which they are decided and printed.
const (
	Startup   Kind = "startup"
	Liveness  Kind = "liveness"
	Readiness Kind = "readiness"
)

// Kinds returns the three kinds in their order.
func Kinds() [3]Kind { return [3]Kind{Startup, Liveness, Readiness} }

// FieldName is the member of core/v1 Container that holds the probe: startupProbe, livenessProbe or readinessProbe.
func (k Kind) FieldName() string {
	switch k {
	case Startup:
		return "startupProbe"
	case Liveness:
		return "livenessProbe"
	default:
		return "readinessProbe"
	}
}

// Kills reports whether a failing probe of this kind restarts the container.
func (k Kind) Kills() bool { return k != Readiness }

// Field is a timing field of core/v1 Probe by its JSON name.
type Field string

// The timing fields of core/v1 Probe.
const (
	InitialDelaySeconds           Field = "initialDelaySeconds"
	PeriodSeconds                 Field = "periodSeconds"
	TimeoutSeconds                Field = "timeoutSeconds"
	SuccessThreshold              Field = "successThreshold"
	FailureThreshold              Field = "failureThreshold"
	TerminationGracePeriodSeconds Field = "terminationGracePeriodSeconds"
)

// Fields returns all timing fields in the order of core/v1 Probe.
func Fields() [6]Field {
	return [6]Field{
		InitialDelaySeconds, TimeoutSeconds, PeriodSeconds, SuccessThreshold, FailureThreshold,
		TerminationGracePeriodSeconds,
	}
}
