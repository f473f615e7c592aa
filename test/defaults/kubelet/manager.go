package kubelet

import "time"

// set stores a result, and if it is new does what the kubelet does about it (results_manager.go: Set;
// kubelet.go: syncLoopIteration). Results of a container that is gone are stored and mean nothing.
func (s *simulation) set(kind Kind, containerID int, value result) {
	stored := &s.results[kind]
	if stored.containerID == containerID && stored.value == value {
		return
	}
	stored.containerID, stored.value = containerID, value
	current := containerID == s.status.containerID && s.status.running
	switch kind {
	case Liveness:
		if value != failure {
			return
		}
	case Readiness:
		if current {
			s.setReady(value == success, s.now)
		}
	case Startup:
		if current {
			s.status.started = value == success
		}
	}
	s.sync()
}

// get is the result for the container that the status knows (results_manager.go: Get).
func (s *simulation) get(kind Kind) result {
	if stored := s.results[kind]; stored.containerID == s.status.containerID {
		return stored.value
	}
	return absent
}

// sync is one sync of the Pod, as far as it concerns probes: the status is computed again, readiness is asked at
// once while a started container is not ready (prober_manager.go: UpdatePodStatus), and a container whose probe has
// failed is killed (kuberuntime_manager.go: computePodActions).
func (s *simulation) sync() {
	if s.resync > 0 {
		s.resyncAt = s.now + s.resync
	}
	if !s.status.running {
		return
	}
	s.status.started = s.isContainerStarted()
	if s.status.started {
		switch w := s.workers[Readiness]; {
		case w == nil:
			s.setReady(true, s.now)
		case s.get(Readiness) == success:
			s.setReady(true, s.now)
		default:
			w.manualTrigger = true
			s.setReady(false, s.now)
		}
	}
	s.killIfFailed()
}

// isContainerStarted follows prober_manager.go: isContainerStarted.
func (s *simulation) isContainerStarted() bool {
	if value := s.get(Startup); value != absent {
		return value == success
	}
	return s.workers[Startup] == nil
}

func (s *simulation) killIfFailed() {
	if s.run == 0 || s.run != s.status.containerID {
		return
	}
	for _, kind := range []Kind{Liveness, Startup} {
		if s.get(kind) == failure {
			s.out.Kills = append(s.out.Kills, Kill{At: s.now - s.zero, By: kind, Run: s.run - 1})
			s.endRun()
			return
		}
	}
}

func (s *simulation) setReady(ready bool, at time.Duration) {
	if ready == s.ready {
		return
	}
	s.ready = ready
	if ready {
		s.readySince = at
		return
	}
	s.out.Ready = append(s.out.Ready, Interval{From: s.readySince - s.zero, To: at - s.zero})
}
