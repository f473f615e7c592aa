package reason

import (
	"slices"
	"strings"
)

// Reason is one entry of the closed set; its value is what appears in the status annotation, metric labels,
// audit annotations and logs.
type Reason string

// The reasons, in the order of Table.
const (
	OptedOut            Reason = "opted_out"
	MirrorPod           Reason = "mirror_pod"
	RestartPolicy       Reason = "restart_policy"
	Knative             Reason = "knative"
	StrippedCopy        Reason = "stripped_copy"
	RuleNotLoaded       Reason = "rule_not_loaded"
	AnnotatedPod        Reason = "annotated_pod"
	NoRuleMatches       Reason = "no_rule_matches"
	NotAsked            Reason = "not_asked"
	StartupNotAsked     Reason = "startup_not_asked"
	LivenessNotCopied   Reason = "liveness_not_copied"
	InvalidAnnotation   Reason = "invalid_annotation"
	AmbiguousContainers Reason = "ambiguous_containers"
	AmbiguousPorts      Reason = "ambiguous_ports"
	NoPort              Reason = "no_port"
	UDPOnly             Reason = "udp_only"
	PortUnknown         Reason = "port_unknown"
	Moved               Reason = "moved"
	PortNotProbed       Reason = "port_not_probed"
	SharedPort          Reason = "shared_port"
	PortProtocol        Reason = "port_protocol"
	Loopback            Reason = "loopback"
	ExistingProbe       Reason = "existing_probe"
	Declined            Reason = "declined"
	InitContainer       Reason = "init_container"
	NativeSidecar       Reason = "native_sidecar"
	KnownSidecar        Reason = "known_sidecar"
	NotAServer          Reason = "not_a_server"
	HostNetwork         Reason = "host_network"
	VirtualNode         Reason = "virtual_node"
	Windows             Reason = "windows"
	MeshProxy           Reason = "mesh_proxy"
	NoController        Reason = "no_controller"
	UnknownOwner        Reason = "unknown_owner"
	StatefulSet         Reason = "stateful_set"
	NotOffered          Reason = "not_offered"
	OwnKeyOnly          Reason = "own_key_only"
	CommandOverridden   Reason = "command_overridden"
	LowConfidence       Reason = "low_confidence"
	LintRule            Reason = "lint_rule"
	LivenessNotInferred Reason = "liveness_not_inferred"
	PodTooLarge         Reason = "pod_too_large"
	TooManyParts        Reason = "too_many_parts"
)

// Description says what a reason means, for people.
type Description struct {
	Reason Reason
	// Fact is the sentence after the container's name; "%s" in it is replaced by the detail of the case.
	Fact string
	// Remedy is what to write to change it; empty where nothing should be changed. "%s" in it is replaced as in Fact.
	Remedy string
	// Silent says that nobody needs a warning: what happened is what was asked for, or nothing was.
	Silent bool
}

// table describes every reason, in the order of the constants. Describe is asked several times for each Pod, so
// that the table is built once.
var table = [...]Description{
	{OptedOut, "left alone on request", "", true},
	{MirrorPod, "the kubelet owns static Pods and probes them from their file", "", true},
	{RestartPolicy, "restartPolicy is not Always: a failing probe would end the work for good", "", false},
	{Knative, "Knative's queue-proxy owns the probes of this Pod", "", true},
	{StrippedCopy, "a copy of a Pod without its probes is left as it is", "remove " + statusKey + " to have probes", false},
	{RuleNotLoaded, "the servers do not know this rule yet", "", true},
	{AnnotatedPod, "rules do not apply to annotated Pods", "", true},
	{NoRuleMatches, "no rule's podSelector matches", "", true},
	{NotAsked, "these keys alone ask for nothing", `add %s` + domain + `/inject: "true"`, false},
	{StartupNotAsked, "a livenessProbe that is there brings no startup probe", `add %s` + domain + `/startup: "true"`, false},
	{LivenessNotCopied, "%s, so that no startup probe can ask the same", "write startup: http:PORT/PATH or tcp:PORT", false},
	{InvalidAnnotation, "withheld because an annotation is wrong", "correct the annotation", false},
	{AmbiguousContainers, "several containers could be meant", "put NAME. before the key, or set kubectl's default-container", false},
	{AmbiguousPorts, "several ports could be meant: %s", "name one, such as http:PORT/PATH or tcp:PORT", false},
	{NoPort, "no TCP containerPort to probe; expected for workers, which restart when they exit", "", false},
	{UDPOnly, "only UDP or SCTP ports, which no probe can ask", "", false},
	{PortUnknown, "%s: no port is certain", "write the handler, such as http:PORT/PATH", false},
	{Moved, "%s puts the profile's endpoints out of the kubelet's reach", "write the handler, such as http:PORT/PATH", false},
	{PortNotProbed, "port %s", "use a profile with a client command", false},
	{SharedPort, "port %s belongs to another container", "write the port, such as http:PORT/PATH", false},
	{PortProtocol, "port %s", "write SCHEME:PORT/PATH", false},
	{Loopback, "%s binds to loopback, which the kubelet cannot reach", "bind 0.0.0.0", false},
	{ExistingProbe, "the probe that is already there stays", "", true},
	{Declined, "declined by its own key", "", true},
	{InitContainer, "init containers cannot have probes", "remove the key", false},
	{NativeSidecar, "a native sidecar gets only probes whose handler is written", "write tcp:PORT or http:PORT/PATH", false},
	{KnownSidecar, "a known sidecar brings its own probes", "", false},
	{NotAServer, "an interactive or idle command, or a worker's, serves nothing", "", false},
	{HostNetwork, "on the host's network another process may answer", "write the handler to have it anyway", false},
	{VirtualNode, "virtual nodes ignore or refuse probes", "write the handler to have it anyway", false},
	{Windows, "commands of profiles are not run on Windows, and rules leave it alone", "write http:PORT/PATH or tcp:PORT", false},
	{MeshProxy, "a mesh proxy that came first would answer instead", "let the mesh's webhook come after", false},
	{NoController, "rules leave Pods without a controller alone", "annotate the Pod to have probes", true},
	{UnknownOwner, "rules leave Pods of %s alone", "annotate the Pod to have probes", true},
	{StatefulSet, "a first readiness probe can deadlock the bootstrap of a StatefulSet", "set statefulSets: true in the rule, or annotate", true},
	{NotOffered, "profile %s does not offer it", "probe-injector profiles tells why", false},
	{OwnKeyOnly, "profile %s gives it only where its own key asks", "", true},
	{CommandOverridden, "the image is known as %s, and its command is another", "write the handler to have it anyway", false},
	{LowConfidence, "the ports alone do not prove enough (%s)", "annotate the Pod to have it, or change policy.confidence", true},
	{LintRule, "beside what is there, it would be what rule %s warns of", "probe-injector explain tells more", false},
	{LivenessNotInferred, "the policy takes liveness only from a handler that somebody wrote", "", false},
	{PodTooLarge, "the Pod is so large that with them it could not be stored", "write them into the Pod", false},
	{TooManyParts, "Pods with more than %s are left alone", "write the probes into the Pod", false},
}

// The words of package annotation that sentences need, written again because reason is a leaf that every other
// package may use. TestReasonsSpellTheKeysOfAnnotations holds them against each other.
const (
	domain    = "probe-injector.dev"
	statusKey = domain + "/status"
)

// Table returns the description of every reason, in the order of the constants.
func Table() []Description { return slices.Clone(table[:]) }

// Describe finds the description of a reason.
func Describe(r Reason) (Description, bool) {
	for i := range table {
		if table[i].Reason == r {
			return table[i], true
		}
	}
	for i := range unanswered {
		if unanswered[i].Reason == r {
			return unanswered[i], true
		}
	}
	return Description{}, false
}

// FactAbout is the fact with the detail in its place, where it has one.
func (d *Description) FactAbout(detail string) string {
	return strings.Replace(d.Fact, "%s", detail, 1)
}

// RemedyFor is the remedy with the detail in its place, where it has one.
func (d *Description) RemedyFor(detail string) string {
	return strings.Replace(d.Remedy, "%s", detail, 1)
}
