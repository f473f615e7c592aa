package audit

import (
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// killed is a container of a Pod that the kubelet has killed.
type killed struct{ podUID, container string }

// kill is how often and since when.
type kill struct {
	times       int
	first, last time.Time
	kind        probe.Kind
}

// killMessage is what the kubelet writes when a probe has decided
// (pkg/kubelet/kuberuntime/kuberuntime_manager.go: computePodActions).
var killMessage = regexp.MustCompile(`[Cc]ontainer (\S+) failed (liveness|startup) probe`)

// BeginKills forgets all events, because their list begins again.
func (a *Auditor) BeginKills() { clear(a.kills) }

// AddKill takes an event with the reason Killing. Those of other causes than probes say nothing here.
func (a *Auditor) AddKill(e *Event) {
	found := killMessage.FindStringSubmatch(e.Message)
	if found == nil {
		return
	}
	at := killed{e.InvolvedObject.UID, found[1]}
	k, known := a.kills[at]
	if !known {
		k = &kill{first: e.first()}
		a.kills[at] = k
	}
	k.times += e.times()
	if e.first().Before(k.first) {
		k.first = e.first()
	}
	if !e.last().Before(k.last) {
		k.last, k.kind = e.last(), probe.Kind(found[2])
	}
}

// hurt is how the probes of one container of a workload hurt it.
type hurt struct {
	// worst is a Pod to which it happens, of whose events the last answer is asked.
	worst PodRef
	stop  Stop

	// killedPods were killed by a probe of the kind, with the number of kills and in how long.
	kind       probe.Kind
	ours       bool
	killedPods int
	kills      int
	during     time.Duration

	// restartedPods may have been: no event tells any more.
	restartedPods int
	restarts      int32
	exitCode      int32

	// waitingPods were never ready, the longest since.
	waitingPods int
	running     time.Duration
	handler     string
}

// PodRef points at a container of a Pod.
type PodRef struct {
	Namespace, UID, Container string
	Kind                      probe.Kind
}

// The signs of a kill when its event is gone: the kubelet has restarted the container at least so often, and it exited by
// SIGKILL or SIGTERM (128 + 9, 128 + 15).
const (
	manyRestarts = 3
	exitKilled   = 137
	exitTerm     = 143
	reasonOOM    = "OOMKilled"
)

// judgeHurting finds the containers that a probe kills, or keeps from traffic for ever.
func (a *Auditor) judgeHurting(j *judged) {
	for _, statuses := range [...][]ContainerStatus{j.Status.ContainerStatuses, j.Status.InitContainerStatuses} {
		for i := range statuses {
			s := &statuses[i]
			if k, was := a.kills[killed{j.Metadata.UID, s.Name}]; was {
				a.addKilled(j, s, k)
			} else {
				a.addRestarted(j, s)
			}
			a.addWaiting(j, s)
		}
	}
}

// addKilled counts a kill that an event proves, if the container still has a probe of the kind.
func (a *Auditor) addKilled(j *judged, s *ContainerStatus, k *kill) {
	c := j.view.Container(s.Name)
	if c == nil || c.Probe(k.kind) == nil {
		return
	}
	_, ours := j.injectedProbe(s.Name, k.kind)
	h := j.row.hurt(s.Name)
	h.during = max(h.during, a.options.Now.Sub(k.first))
	h.killedPods++
	if k.times > h.kills || h.killedPods == 1 {
		h.worst = PodRef{j.Metadata.Namespace, j.Metadata.UID, s.Name, k.kind}
		h.kind, h.ours = k.kind, ours
		if ours {
			h.stop = a.stop(j, s.Name, k.kind)
		}
	}
	h.kills += k.times
}

// addRestarted counts restarts that look like kills of an injected liveness probe.
func (a *Auditor) addRestarted(j *judged, s *ContainerStatus) {
	last := s.LastState.Terminated
	_, ours := j.injectedProbe(s.Name, probe.Liveness)
	if !ours || last == nil || s.RestartCount < manyRestarts || last.Reason == reasonOOM ||
		(last.ExitCode != exitKilled && last.ExitCode != exitTerm) {
		return
	}
	h := j.row.hurt(s.Name)
	h.restartedPods++
	if s.RestartCount > h.restarts {
		h.restarts, h.exitCode = s.RestartCount, last.ExitCode
	}
	if h.killedPods == 0 {
		h.worst = PodRef{j.Metadata.Namespace, j.Metadata.UID, s.Name, probe.Liveness}
		h.stop = a.stop(j, s.Name, probe.Liveness)
	}
}

// addWaiting counts containers that an injected readiness probe has never let in, although they had the time.
func (a *Auditor) addWaiting(j *judged, s *ContainerStatus) {
	own, ours := j.injectedProbe(s.Name, probe.Readiness)
	if !ours || s.Ready || s.State.Running == nil {
		return
	}
	startedAt := s.State.Running.StartedAt.Time
	running := a.options.Now.Sub(startedAt)
	if running <= latestReady(&own.Timeline) || j.readySince(startedAt) {
		return
	}
	h := j.row.hurt(s.Name)
	h.waitingPods++
	if running > h.running {
		h.running, h.handler = running, own.Handler
	}
	if h.killedPods+h.restartedPods == 0 {
		h.worst = PodRef{j.Metadata.Namespace, j.Metadata.UID, s.Name, probe.Readiness}
		h.stop = a.stop(j, s.Name, probe.Readiness)
	}
}

// readySince reports whether the Pod's containers have been ready at some time after one of them started: then it has lost
// its readiness, as it should when it cannot serve.
func (j *judged) readySince(startedAt time.Time) bool {
	changed, ready := j.condition(corev1.ContainersReady)
	return ready || changed.After(startedAt.Add(time.Second))
}

// condition gives a condition of the Pod and since when it is so.
func (p *Pod) condition(kind corev1.PodConditionType) (since time.Time, holds bool) {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == kind {
			return c.LastTransitionTime.Time, c.Status == corev1.ConditionTrue
		}
	}
	return time.Time{}, false
}

// unguardedStart is how long a container may take to start that no probe kills: what Kubernetes itself allows a Deployment by
// default (progressDeadlineSeconds).
const unguardedStart = 600

// latestReady is by when a container that answers at all is ready: at the end of what its start is allowed, and what
// readiness then takes.
func latestReady(t *timing.Timeline) time.Duration {
	start := t.KillBy()
	if t.Startup.IsZero() && t.Liveness.IsZero() {
		start = unguardedStart
	}
	return time.Duration(max(start, t.ReadyNotBefore())+t.ReadyWithin()) * time.Second
}

// injectedProbe finds an injected probe of a container.
func (j *judged) injectedProbe(container string, kind probe.Kind) (policy.InjectedProbe, bool) {
	for _, own := range j.injected {
		if own.Container == container && own.Kind == kind {
			return own, true
		}
	}
	return policy.InjectedProbe{}, false
}

func (r *row) hurt(container string) *hurt {
	h, known := r.hurts[container]
	if !known {
		h = &hurt{}
		if r.hurts == nil {
			r.hurts = map[string]*hurt{}
		}
		r.hurts[container] = h
	}
	return h
}

// Answer takes the kubelet's words out of the message of an event with the reason Unhealthy.
func Answer(message string) string {
	for _, before := range []string{" probe failed: ", " probe errored and resulted in unknown state: ", " probe errored: "} {
		if _, answer, found := strings.Cut(message, before); found {
			return answer
		}
	}
	return message
}
