package audit

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
)

// start is how long a container of a workload has taken to start.
type start struct {
	allowed time.Duration
	longest time.Duration
	samples int
}

// tight reports whether the longest start has taken more than two thirds of what is allowed: a start that takes half as long
// again, on a busy node, is then killed.
func (s *start) tight() bool { return 3*s.longest > 2*s.allowed }

// budget is a startup-budget with room: twice the longest start, in whole minutes.
func (s *start) budget() string {
	minutes := (2*s.longest + time.Minute - 1) / time.Minute
	return fmt.Sprintf("%dm", minutes)
}

// judgeStart learns how long the containers of a Pod took to start, from a Pod that is ready and has never restarted.
func (a *Auditor) judgeStart(j *judged) {
	readyAt, ready := j.condition(corev1.ContainersReady)
	if !ready {
		return
	}
	for i := range j.Status.ContainerStatuses {
		s := &j.Status.ContainerStatuses[i]
		own, killing := j.killing(s.Name)
		if !killing || s.RestartCount != 0 || s.State.Running == nil || !j.alone(s) {
			continue
		}
		allowed := time.Duration(own.Timeline.KillNotBefore()) * time.Second
		took := readyAt.Sub(s.State.Running.StartedAt.Time)
		if took < 0 || took > 2*allowed {
			// It has lost its readiness since, and the time of its start with it.
			continue
		}
		st, known := j.row.starts[s.Name]
		if !known {
			st = &start{}
			if j.row.starts == nil {
				j.row.starts = map[string]*start{}
			}
			j.row.starts[s.Name] = st
		}
		st.samples++
		if took >= st.longest {
			st.longest, st.allowed = took, allowed
		}
	}
}

// killing finds an injected probe of a container that can end its start.
func (j *judged) killing(container string) (policy.InjectedProbe, bool) {
	for _, own := range j.injected {
		if own.Container == container && own.Kind.Kills() {
			return own, true
		}
	}
	return policy.InjectedProbe{}, false
}

// alone reports whether the Pod's containers were ready when this one was: no other has started later, and none of those that
// start beside it has a probe that it had to pass.
func (j *judged) alone(s *ContainerStatus) bool {
	for i := range j.Status.ContainerStatuses {
		other := &j.Status.ContainerStatuses[i]
		if other.Name == s.Name {
			continue
		}
		c := j.view.Container(other.Name)
		if c == nil || c.ReadinessProbe != nil || c.StartupProbe != nil || other.State.Running == nil ||
			other.State.Running.StartedAt.After(s.State.Running.StartedAt.Time) {
			return false
		}
	}
	return true
}
