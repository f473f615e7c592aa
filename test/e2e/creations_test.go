package e2e

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// creationsPerSecond is how often a Pod is created while something happens. Bursts and higher rates are the subject of
// test/resilience.
const creationsPerSecond = 20

// errNotInjected says that a Pod that asked came through without its probes.
var errNotInjected = errors.New("the Pod did not get its probes")

// askingPod is a Pod that asks for all three probes and satisfies Pod Security "restricted".
func askingPod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "asking-", Annotations: map[string]string{
			"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz",
		}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), RunAsUser: new(int64(65532)),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "web", Image: "example.com/web:1",
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}

// creations creates Pods, on dry run, until it is told to stop, and counts those that were refused or came through
// without their probes.
type creations struct {
	stop    context.CancelFunc
	running sync.WaitGroup

	mutex           sync.Mutex
	created         int
	missed, refused []failure
}

// failure is one creation that went wrong.
type failure struct {
	after time.Duration
	err   error
}

// createAllTheTime begins to create Pods in a namespace.
func (s *suite) createAllTheTime(t *testing.T, namespace string) *creations {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &creations{stop: stop}
	begin := time.Now()
	c.running.Go(func() {
		ticker := time.NewTicker(time.Second / creationsPerSecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				after := time.Since(begin)
				// What has begun is finished: a creation that we break off says nothing.
				c.running.Go(func() { c.note(after, s.creates(context.WithoutCancel(ctx), namespace)) })
			}
		}
	})
	t.Cleanup(func() { stop(); c.running.Wait() })
	return c
}

func (c *creations) note(after time.Duration, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.created++
	switch {
	case errors.Is(err, errNotInjected):
		c.missed = append(c.missed, failure{after, err})
	case err != nil:
		c.refused = append(c.refused, failure{after, err})
	}
}

// wait stops and waits for what has begun. What went wrong can be read afterwards.
func (c *creations) wait() {
	c.stop()
	c.running.Wait()
}

// end stops and fails the test if anything went wrong since the beginning.
func (c *creations) end(t *testing.T, what string) {
	t.Helper()
	c.wait()
	t.Logf("%s: %d Pods created, %d without probes, %d refused", what, c.created, len(c.missed), len(c.refused))
	for _, f := range append(c.missed, c.refused...) {
		t.Errorf("%s: after %s: %v", what, f.after.Round(time.Millisecond), f.err)
	}
}
