package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/test/images"
)

// step is something that is done to a probed Pod and that has to end as promised.
type step func(*probed, *testing.T)

// handlerCase is one way to probe a container, on a Pod of its own.
type handlerCase struct {
	name string
	// pod is what a developer applies. Its first target is the main container, "web".
	pod *corev1.Pod
	// container is the one that is tested, "web" if empty.
	container string
	// status is what the status annotation says, without the version. The Pod has the probes that it lists, and no other.
	status string
	// then is what the kubelet does with it, one step after the other.
	then []step
	// onTheNode says that the steps need the node itself.
	onTheNode bool
}

// TestHandlerKinds has the kubelet ask in every way that we inject, of a server that does as it is told.
func TestHandlerKinds(t *testing.T) {
	t.Parallel()
	s := theSuite
	s.installed(t)
	s.load(t, images.Target)
	namespace := s.namespace(t, "handlers", restricted())
	for _, c := range handlerCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.onTheNode {
				s.needNode(t)
			}
			p := s.probe(t, namespace, c)
			for _, step := range c.then {
				step(p, t)
			}
		})
	}
}

// everything is what must hold whatever the probe asks.
func everything(more ...step) []step {
	return append([]step{(*probed).becomesReady, (*probed).leavesRotationWithoutARestart, (*probed).isRestarted}, more...)
}

// afterItsStart begins with the start.
func afterItsStart(then ...step) []step {
	return append([]step{(*probed).becomesReady}, then...)
}
