package policy

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
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
	// KillNotBefore is how long after its start nothing kills a container while it never answers, and KillBy when the
	// kubelet has begun to end one that never answers. Of startup probes, and of liveness probes that none guards.
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
	// Grace is how long a container that the probe kills has to end by itself; its restart comes after that and after the
	// kubelet's back-off. 0 is not known.
	Grace int64 `json:"graceSeconds,omitempty"`
	// BlindFor is how long after its start a container may not be looked at, so that Detection counts from then for a
	// silence that begins earlier. 0 where the startup probe takes as long. Of liveness probes.
	BlindFor int32 `json:"blindForSeconds,omitempty"`
	// ReadyNotBefore is the earliest that the container can be ready, after its start, and ReadyWithin how long it takes
	// at most from its first good answer after that. Of readiness probes.
	ReadyNotBefore int32 `json:"readyNotBeforeSeconds,omitempty"`
	ReadyWithin    int32 `json:"readyWithinSeconds,omitempty"`
	// AddsToStart is by how much the probe delays a start at most. Of startup probes.
	AddsToStart int32 `json:"addsToStartSeconds,omitempty"`
}

// Guarantee says what the numbers promise together. All of them are read from the timeline.
func (in *Injection) Guarantee() Guarantee {
	t, line := in.Timing(), &in.Timeline
	g := Guarantee{Detects: DetectsHang}
	if in.Handler.Scheme == probe.TCP {
		g.Detects = DetectsClosedPort
	}
	if in.Kind != probe.Startup {
		g.Tolerance, g.Detection = t.Tolerance(), t.Detection()
	}
	if in.Kind.Kills() {
		g.Grace = line.Grace(in.Kind)
	}
	switch in.Kind {
	case probe.Readiness:
		g.ReadyNotBefore, g.ReadyWithin = line.ReadyNotBefore(), line.ReadyWithin()
		return g
	case probe.Liveness:
		g.BlindFor = line.BlindFor()
	default:
		g.AddsToStart = line.AddsToStart()
	}
	if in.Kind == probe.Startup || line.Startup.IsZero() || !line.Guarded {
		g.KillNotBefore, g.KillBy, g.KillNotBeforeAfterCrash = line.KillNotBefore(), line.KillBy(), line.KillNotBeforeAfterCrash()
	}
	return g
}

// ReadInjection reads a probe that a Pod has, beside the container's startup probe or nil, as the injection that it would
// have been, so that its numbers can be explained in the same words. Its source stays empty. A startup probe counts as its
// guard where it asks the same, or asks for an answer at all: it may be one of ours.
func ReadInjection(container ContainerRef, kind probe.Kind, p, startup *corev1.Probe) Injection {
	in := Injection{Container: container, Kind: kind, Probe: p, Handler: probe.HandlerOf(p)}
	if startup != nil {
		in.Timeline.Startup = timing.Of(startup)
		in.Timeline.Guarded = guards(&workload.Container{}, startup, p, true)
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
			fmt.Sprintf("%s is found within %d s%s; %s", silence, g.Detection, g.afterDelay(), g.restart()),
		}, g.start()...)
	default:
		return []string{
			fmt.Sprintf("a silence shorter than %d s never stops traffic", g.Tolerance),
			fmt.Sprintf("%s stops traffic within %d s", silence, g.Detection),
			fmt.Sprintf("ready %d s after its start at the earliest, and within %d s of its first good answer after that", g.ReadyNotBefore, g.ReadyWithin),
		}
	}
}

// afterDelay is the end of a sentence about finding something, where a delay comes before.
func (g Guarantee) afterDelay() string {
	if g.BlindFor == 0 {
		return ""
	}
	return fmt.Sprintf(", counted from %d s after its start at the earliest", g.BlindFor)
}

// restart is what follows when a probe has decided to kill.
func (g Guarantee) restart() string {
	if g.Grace == 0 {
		return "then its grace period and the kubelet's back-off pass before it starts again"
	}
	return fmt.Sprintf("then up to %d s to end and the kubelet's back-off pass before it starts again", g.Grace)
}

// start is what is promised to a container that is starting.
func (g Guarantee) start() []string {
	if g.KillBy == 0 {
		return nil
	}
	return []string{
		fmt.Sprintf("while it never answers, nothing kills it before %d s after its start, and the kubelet begins to end it within %d s; %s",
			g.KillNotBefore, g.KillBy, g.restart()),
		fmt.Sprintf("if it exits by itself while starting, the kubelet keeps counting: once, it may be killed after %d s", g.KillNotBeforeAfterCrash),
	}
}
