package policy

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// Detects is what a probe can detect: a container that no longer answers, or only one whose port is closed.
type Detects string

// What probes can detect. A bare connection is taken by the kernel, also for a process that hangs.
const (
	DetectsHang       Detects = "hang"
	DetectsClosedPort Detects = "closed_port"
)

// Guarantee is what an injected probe promises, as figures in seconds. A figure that says nothing about a probe of the
// kind is 0. test/prober holds every one of them against the kubelet's own prober.
type Guarantee struct {
	// Detects is what the probe can detect.
	Detects Detects `json:"detects"`
	// KillNotBefore is how long after its start nothing kills a container that does not answer, and KillBy when one that
	// never answers is restarted at the latest. Of startup probes, and of liveness probes without one.
	KillNotBefore int32 `json:"killNotBeforeSeconds,omitempty"`
	KillBy        int32 `json:"killBySeconds,omitempty"`
	// KillNotBeforeAfterCrash takes the place of KillNotBefore, once, when the container exited by itself while it was
	// starting: the kubelet keeps the failure count then (kubernetes/kubernetes#53530).
	KillNotBeforeAfterCrash int32 `json:"killNotBeforeAfterCrashSeconds,omitempty"`
	// Tolerance is the longest silence that never makes the probe act, and Detection by when it has acted on a longer
	// one. Of liveness and readiness probes. When a container exits by itself during a silence, its successor inherits
	// the count, once, as while starting.
	Tolerance int32 `json:"toleranceSeconds,omitempty"`
	Detection int32 `json:"detectionSeconds,omitempty"`
	// BlindFor is how long after its start a container is not looked at, so that Detection counts from then for a
	// silence that begins earlier.
	BlindFor int32 `json:"blindForSeconds,omitempty"`
	// ReadyNotBefore is the earliest that the container can be ready, after its start, and ReadyWithin how long it takes
	// at most from its first good answer after that. Of readiness probes.
	ReadyNotBefore int32 `json:"readyNotBeforeSeconds,omitempty"`
	ReadyWithin    int32 `json:"readyWithinSeconds,omitempty"`
	// AddsToStart is by how much the probe delays a start at most. Of startup probes.
	AddsToStart int32 `json:"addsToStartSeconds,omitempty"`
}

// Guarantee says what the numbers promise together.
func (in *Injection) Guarantee() Guarantee {
	t, startup := in.Timing(), in.Timeline.Startup
	g := Guarantee{Detects: DetectsHang}
	if in.Handler.Scheme == probe.TCP {
		g.Detects = DetectsClosedPort
	}
	if in.Kind != probe.Startup {
		g.Tolerance, g.Detection, g.BlindFor = t.Tolerance(), t.Detection(), t.InitialDelaySeconds
	}
	switch {
	case in.Kind == probe.Readiness:
		g.ReadyNotBefore = max(t.EarliestProbe(), startup.EarliestProbe())
		g.ReadyWithin = timing.ReadyWithin(startup, t)
	case in.Kind == probe.Startup, startup.IsZero():
		g.KillNotBefore, g.KillBy, g.KillNotBeforeAfterCrash = t.EarliestAct(), t.LatestAct(), t.EarliestProbe()
	}
	if in.Kind == probe.Startup {
		g.AddsToStart = t.InitialDelaySeconds + t.PeriodSeconds
	}
	return g
}

// ReadInjection reads a probe that a Pod has, beside the container's startup probe or nil, as the injection that it would
// have been, so that its numbers can be explained in the same words. Its source stays empty.
func ReadInjection(container ContainerRef, kind probe.Kind, p, startup *corev1.Probe) Injection {
	in := Injection{Container: container, Kind: kind, Probe: p, Handler: probe.HandlerOf(p)}
	if startup != nil {
		in.Timeline.Startup = timing.Of(startup)
	}
	in.Timeline.Set(kind, timing.Of(p))
	return in
}

// Sentences are the figures in words: from when to when nothing acts, and how soon a silence is found.
func (g Guarantee) Sentences(kind probe.Kind) []string {
	silence := "a hang"
	if g.Detects == DetectsClosedPort {
		silence = "a closed port (a hang with an open port is not seen)"
	}
	switch kind {
	case probe.Startup:
		return append(g.start(), fmt.Sprintf("adds up to %d s to each start", g.AddsToStart))
	case probe.Liveness:
		return append([]string{
			fmt.Sprintf("a silence shorter than %d s never restarts it", g.Tolerance),
			fmt.Sprintf("%s is found within %d s%s", silence, g.Detection, g.afterDelay()),
		}, g.start()...)
	default:
		return []string{
			fmt.Sprintf("a silence shorter than %d s never stops traffic", g.Tolerance),
			fmt.Sprintf("%s stops traffic within %d s", silence, g.Detection),
			fmt.Sprintf("ready %d s after its start at the earliest, and within %d s of its first good answer after that", g.ReadyNotBefore, g.ReadyWithin),
		}
	}
}

// afterDelay is the end of a sentence about finding something, where the delay is long enough to matter.
func (g Guarantee) afterDelay() string {
	if g.BlindFor <= timing.MaxInitialDelaySeconds {
		return ""
	}
	return fmt.Sprintf(", counted from %d s after its start at the earliest", g.BlindFor)
}

// start is what is promised to a container that is starting.
func (g Guarantee) start() []string {
	if g.KillBy == 0 {
		return nil
	}
	return []string{
		fmt.Sprintf("nothing kills it before %d s after its start; if it never answers, it is restarted within %d s", g.KillNotBefore, g.KillBy),
		fmt.Sprintf("if it exits by itself while starting, the kubelet keeps counting: once, it may be restarted after %d s", g.KillNotBeforeAfterCrash),
	}
}
