package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// The identity of a policy file.
const (
	APIVersion = "probe-injector.dev/v1alpha1"
	Kind       = "ProbePolicy"
)

// ProbePolicy is the policy file.
type ProbePolicy struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   Metadata        `json:"metadata,omitzero"`
	Spec       ProbePolicySpec `json:"spec"`
}

// Metadata may name the policy; nothing depends on it.
type Metadata struct {
	Name string `json:"name,omitempty"`
}

// ProbePolicySpec is what the cluster's admin decides.
type ProbePolicySpec struct {
	// Mode is Inject (default) or Audit: decide, count and log, but change nothing.
	Mode Mode `json:"mode,omitempty"`
	// Rules apply, in order, to Pods that carry no annotation of ours; the first match wins.
	Rules []Rule `json:"rules,omitempty"`
	// Profiles are the admin's own handlers and times, to be named in rules and annotations.
	Profiles []Profile `json:"profiles,omitempty"`
	// ImageMirrors are prefixes, such as harbor.corp/dockerhub, below which images are recognised as if they
	// came from Docker Hub.
	ImageMirrors []string `json:"imageMirrors,omitempty"`
	// KnownSidecars are names of containers that are never the main container, added to the built-in list.
	KnownSidecars []string `json:"knownSidecars,omitempty"`
	// Confidence is what inference must reach for Pods that did not ask themselves.
	Confidence Confidence `json:"confidence,omitzero"`
	// InferredLiveness (default true) lets a Pod that asks without naming a handler get a liveness probe; when
	// false it gets readiness only.
	InferredLiveness *bool `json:"inferredLiveness,omitempty"`
	// MaxStartupBudget (default 1h, at most 24h) is the largest startup-budget; a larger one is refused.
	MaxStartupBudget *metav1.Duration `json:"maxStartupBudget,omitempty"`
	// Style is StartupProbe (default) or InitialDelay.
	Style timing.Style `json:"style,omitempty"`
}

// Mode tells whether decisions change Pods.
type Mode string

// The modes.
const (
	ModeInject Mode = "Inject"
	ModeAudit  Mode = "Audit"
)

// Rule asks for probes on behalf of Pods that carry no annotation of ours.
type Rule struct {
	// Name is a DNS label, unique in the file.
	Name string `json:"name"`
	// NamespaceSelector is evaluated by the API server, from the webhook configuration; the server ignores it.
	// Absent or empty selects every namespace.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// PodSelector selects by the Pod's labels. Absent or empty selects every Pod.
	PodSelector *metav1.LabelSelector `json:"podSelector,omitempty"`
	// Probes are the kinds asked for: readiness (default) and, only where the admin writes it, liveness.
	Probes []probe.Kind `json:"probes,omitempty"`
	// Profile names handlers and times; empty leaves them to the container's ports.
	Profile string `json:"profile,omitempty"`
	// StatefulSets includes Pods of StatefulSets, whose bootstrap a first readiness probe can deadlock.
	StatefulSets bool `json:"statefulSets,omitempty"`
	// Mode overrides the policy's mode for Pods that this rule matches.
	Mode Mode `json:"mode,omitempty"`
}

// Confidence levels of inference by probe kind.
type Confidence struct {
	Readiness ConfidenceLevel `json:"readiness,omitempty"`
	Liveness  ConfidenceLevel `json:"liveness,omitempty"`
}

// ConfidenceLevel is how sure an inferred handler must be.
type ConfidenceLevel string

// The confidence levels.
const (
	ConfidenceLow    ConfidenceLevel = "low"
	ConfidenceMedium ConfidenceLevel = "medium"
	ConfidenceHigh   ConfidenceLevel = "high"
)

// Profile holds handlers and times for a framework or product.
type Profile struct {
	// Name is a DNS label, unique in the file.
	Name string `json:"name"`
	// Summary and Risk are sentences for people; Source is where the figures come from.
	Summary string `json:"summary,omitempty"`
	Risk    string `json:"risk,omitempty"`
	Source  string `json:"source,omitempty"`
	// Detect recognises containers that run this software, any one of its rows. Without it the profile applies only
	// where it is named.
	Detect []Detection `json:"detect,omitempty"`
	// Ports is where probes go whose handler names no port, the first that the container has; after them come the
	// ports of Detect, and then the container's only port.
	Ports []PortSource `json:"ports,omitempty"`
	// Programs are the software's own programs, such as redis-server: a container whose command starts one runs the
	// software. A star at the beginning or the end stands for anything. The names in Detect's images count as well.
	Programs []string `json:"programs,omitempty"`
	// Settings are all that can move what the probes ask. Settled says, instead, why nothing on a container can; one of
	// the two is needed in built-in profiles that ask a path.
	Settings []Setting `json:"settings,omitempty"`
	Settled  string    `json:"settled,omitempty"`
	// Class is the timing class; empty is generic.
	Class string `json:"class,omitempty"`
	// StartupBudget, RestartAfter and UnreadyAfter replace the class's figures.
	StartupBudget *metav1.Duration `json:"startupBudget,omitempty"`
	RestartAfter  *metav1.Duration `json:"restartAfter,omitempty"`
	UnreadyAfter  *metav1.Duration `json:"unreadyAfter,omitempty"`
	// HostHeader is sent by http and https probes.
	HostHeader string `json:"hostHeader,omitempty"`
	// HTTPHeaders are sent by http and https probes, such as X-Forwarded-Proto: https to an application that redirects
	// everything else. No annotation can write headers.
	HTTPHeaders []corev1.HTTPHeader `json:"httpHeaders,omitempty"`

	Readiness *ProfileProbe `json:"readiness,omitempty"`
	Liveness  *ProfileProbe `json:"liveness,omitempty"`
	// Startup is the startup probe's handler; absent means the liveness probe's.
	Startup *ProfileProbe `json:"startup,omitempty"`
}

// ProfileProbe is one probe of a profile.
type ProfileProbe struct {
	// Offer says to whom; default Offered.
	Offer Offer `json:"offer,omitempty"`
	// OwnKey narrows OnRequest: only the probe's own key asks for it, neither inject nor the profile's name.
	OwnKey bool `json:"ownKey,omitempty"`
	// Handler is spelled as in an annotation: a path, http:PORT/PATH, https:PORT/PATH, tcp:PORT, grpc:PORT[/SERVICE].
	// Without a port (a path, https:/PATH, tcp, grpc[/SERVICE]) it goes to the port that the profile finds.
	Handler string `json:"handler,omitempty"`
	// Exec runs a command in the container, instead of Handler.
	Exec *ExecAction `json:"exec,omitempty"`
	// HTTPHeaders take the place of the profile's, for an http or https handler.
	HTTPHeaders []corev1.HTTPHeader `json:"httpHeaders,omitempty"`

	InitialDelaySeconds           *int32 `json:"initialDelaySeconds,omitempty"`
	PeriodSeconds                 *int32 `json:"periodSeconds,omitempty"`
	TimeoutSeconds                *int32 `json:"timeoutSeconds,omitempty"`
	SuccessThreshold              *int32 `json:"successThreshold,omitempty"`
	FailureThreshold              *int32 `json:"failureThreshold,omitempty"`
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`
}

// ExecAction is core/v1 ExecAction.
type ExecAction struct {
	Command []string `json:"command"`
}

// Offer says who gets a probe of a profile.
type Offer string

// The offers.
const (
	// Offered: rules and Pods that ask.
	Offered Offer = "Offered"
	// OnRequest: only Pods that ask.
	OnRequest Offer = "OnRequest"
	// Never: nobody, not even by name; an explicit handler of the Pod's own is something else.
	Never Offer = "Never"
)

// TimingFields are the probe's explicit timing fields.
func (p *ProfileProbe) TimingFields() timing.Fields {
	return timing.Fields{
		InitialDelaySeconds:           p.InitialDelaySeconds,
		PeriodSeconds:                 p.PeriodSeconds,
		TimeoutSeconds:                p.TimeoutSeconds,
		SuccessThreshold:              p.SuccessThreshold,
		FailureThreshold:              p.FailureThreshold,
		TerminationGracePeriodSeconds: p.TerminationGracePeriodSeconds,
	}
}
