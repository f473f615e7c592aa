package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ask asks a Pod for a path by way of the API server, which can reach it on any cluster. An answer other than 200 is an
// error.
func (s *suite) ask(ctx context.Context, namespace, pod string, port int, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answer, err := s.client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods").
		Name(fmt.Sprintf("%s:%d", pod, port)).SubResource("proxy").Suffix(path).DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("asking %s for %s: %w", pod, path, err)
	}
	return string(answer), nil
}

// inRotation lists the Pods that a Service sends requests to, sorted.
func (s *suite) inRotation(ctx context.Context, namespace, service string) ([]string, error) {
	found, err := s.client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + service,
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the endpoints of %s: %w", service, err)
	}
	var ready []string
	for _, slice := range found.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready && endpoint.TargetRef != nil {
				ready = append(ready, endpoint.TargetRef.Name)
			}
		}
	}
	slices.Sort(ready)
	return ready, nil
}

// rotation watches who is in rotation until it is told to stop.
type rotation struct {
	stop    context.CancelFunc
	running sync.WaitGroup
	looks   int
	errs    []error
	absent  map[string]int
}

// watchRotation looks ten times a second whether the Pods are in rotation.
func (s *suite) watchRotation(t *testing.T, namespace, service string, pods []string) *rotation {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &rotation{stop: stop, absent: map[string]int{}}
	r.running.Go(func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				ready, err := s.inRotation(ctx, namespace, service)
				r.look(pods, ready, err)
			}
		}
	})
	t.Cleanup(func() { stop(); r.running.Wait() })
	return r
}

func (r *rotation) look(pods, ready []string, err error) {
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			r.errs = append(r.errs, err)
		}
		return
	}
	r.looks++
	for _, pod := range pods {
		if !slices.Contains(ready, pod) {
			r.absent[pod]++
		}
	}
}

// end stops watching and fails the test if one of the Pods was out of rotation at any look.
func (r *rotation) end(t *testing.T) {
	t.Helper()
	r.stop()
	r.running.Wait()
	if r.looks == 0 || len(r.errs) > 0 {
		t.Errorf("the rotation was seen %d times: %v", r.looks, errors.Join(r.errs...))
	}
	for pod, times := range r.absent {
		t.Errorf("%s was out of rotation at %d of %d looks", pod, times, r.looks)
	}
	t.Logf("%d looks at the EndpointSlice", r.looks)
}

// names lists Pods in a message.
func names(pods []string) string { return strings.Join(pods, ", ") }
