package node

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/prober/results"
	"k8s.io/kubernetes/pkg/kubelet/status"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// loop is pkg/kubelet/kubelet.go syncLoopIteration: results become statuses, and then the Pod is looked at.
func (n *Node) loop() {
	for {
		select {
		case <-n.ctx.Done():
			return
		case update := <-n.liveness.Updates():
			if update.Result == results.Failure {
				n.look(n.podByUID(update.PodUID))
			}
		case update := <-n.readiness.Updates():
			n.statuses.SetContainerReadiness(n.logger, update.PodUID, update.ContainerID, update.Result == results.Success)
			n.look(n.podByUID(update.PodUID))
		case update := <-n.startup.Updates():
			n.statuses.SetContainerStartup(n.logger, update.PodUID, update.ContainerID, update.Result == results.Success)
			n.look(n.podByUID(update.PodUID))
		case p := <-n.looks:
			n.look(p)
		}
	}
}

// look is pkg/kubelet/kubelet.go SyncPod: publish what is, then act on it.
func (n *Node) look(p *Pod) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.known == nil {
		return
	}
	n.publish(p)
	n.act(p)
	p.resync.Reset(Resync)
}

// publish is generateAPIPodStatus and what SyncPod does with its result. The prober reads what is published, so it
// sees the start of a container only from here on, and truncated to a second (status_manager.go normalizeStatus).
func (n *Node) publish(p *Pod) {
	before, _ := n.statuses.GetPodStatus(p.object.UID)
	address := cmp.Or(p.object.Status.PodIP, "127.0.0.1")
	now := corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address, ContainerStatuses: []corev1.ContainerStatus{p.known.status()}}
	now.ContainerStatuses[0].Name = p.object.Spec.Containers[0].Name
	// kubelet_pods.go convertToAPIContainerStatuses takes "started" of a running container over by its name.
	if len(before.ContainerStatuses) == 1 && p.known.running {
		now.ContainerStatuses[0].Started = before.ContainerStatuses[0].Started
	}
	n.prober.UpdatePodStatus(n.ctx, p.object, &now)
	now.Conditions = []corev1.PodCondition{
		status.GeneratePodReadyCondition(p.object, &before, nil, now.ContainerStatuses, now.Phase),
		status.GenerateContainersReadyCondition(p.object, &before, now.ContainerStatuses, now.Phase),
	}
	n.statuses.SetPodStatus(n.logger, p.object, now)
	p.observe(now.ContainerStatuses[0])
}

// act is kuberuntime_manager.go computePodActions, as far as probes are concerned.
func (n *Node) act(p *Pod) {
	c := p.known.container
	if c != p.current || c.gone() || c.killed {
		return
	}
	for _, each := range []struct {
		kind    probe.Kind
		results results.Manager
	}{{probe.Liveness, n.liveness}, {probe.Startup, n.startup}} {
		if result, found := each.results.Get(c.id()); found && result == results.Failure {
			c.killed = true
			p.note(Killed, each.kind)
			close(c.kill)
			return
		}
	}
}

// gone says that there is nothing left to kill, also in the instant in which the process exits.
func (c *container) gone() bool {
	exits := c.process.ExitsAfter
	return !c.exited.IsZero() || exits > 0 && time.Since(c.started) >= exits
}

// id is the container's identity for the kubelet.
func (c *container) id() kubecontainer.ContainerID {
	return kubecontainer.ContainerID{Type: "test", ID: c.name}
}
