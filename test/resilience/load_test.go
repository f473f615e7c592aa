package resilience

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pace is how many Pods are created in a second, and how many of them at the same moment: a Deployment's Pods come
// together too, and then the API server opens several connections to us.
type pace struct{ rate, burst int }

const (
	// rate and burst are the usual pace.
	rate, burst = 60, 30
	// leastRate is how many of rate were meant to be created in a second, at least, for a figure to count.
	leastRate = 50
	// createTimeout is how long a create may take; the API server itself gives up after 34 seconds.
	createTimeout = 40 * time.Second
)

// subject is a Pod to create, and what it has to get.
type subject struct {
	namespace string
	metadata  map[string]any
	// probes are the fields that its container must have afterwards.
	probes []string
}

// asking is a Pod with an annotation of ours.
func asking() subject {
	return subject{
		namespace: plain,
		metadata:  map[string]any{"annotations": map[string]string{"probe-injector.dev/liveness": "/livez"}},
		probes:    []string{"livenessProbe", "startupProbe"},
	}
}

// in is the same Pod in another namespace.
func (s subject) in(namespace string) subject {
	s.namespace = namespace
	return s
}

// attempt is one create and what came of it.
type attempt struct {
	// at is when it was sent.
	at   time.Time
	took time.Duration
	// err is why the Pod was refused, nil if it was not.
	err error
	// probed is whether it has all probes that it had to get.
	probed bool
}

func (a attempt) isMissed() bool { return a.err == nil && !a.probed }

// attempt creates a Pod on dry run, which takes the whole way through admission.
func (c *cluster) attempt(ctx context.Context, s subject) attempt {
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	body, err := s.body()
	if err != nil {
		return attempt{at: time.Now(), err: err}
	}
	begin := time.Now()
	result := c.anyClient().Post().Namespace(s.namespace).Resource("pods").Param("dryRun", metav1.DryRunAll).
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx)
	a := attempt{at: begin, took: time.Since(begin), err: result.Error()}
	if a.err != nil {
		return a
	}
	created, err := result.Raw()
	if err != nil {
		a.err = err
		return a
	}
	a.probed, a.err = s.isProbed(created)
	return a
}

func (s subject) body() ([]byte, error) {
	metadata := map[string]any{"generateName": "resilience-"}
	maps.Copy(metadata, s.metadata)
	return json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
		"spec": map[string]any{"containers": []any{map[string]any{
			"name": "web", "image": "example.com/web:1", "ports": []any{map[string]any{"name": "http", "containerPort": 8080}},
		}}},
	})
}

// isProbed reports whether a created Pod has the probes that the subject must get.
func (s subject) isProbed(created []byte) (bool, error) {
	var pod struct {
		Spec struct {
			Containers []map[string]json.RawMessage `json:"containers"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(created, &pod); err != nil {
		return false, fmt.Errorf("reading the created Pod: %w", err)
	}
	if len(pod.Spec.Containers) != 1 {
		return false, fmt.Errorf("the created Pod has %d containers", len(pod.Spec.Containers))
	}
	missing := func(probe string) bool { return pod.Spec.Containers[0][probe] == nil }
	return !slices.ContainsFunc(s.probes, missing), nil
}

// load creates Pods at the rate above, however long each takes.
type load struct {
	begin    time.Time
	pace     pace
	stop     context.CancelFunc
	running  sync.WaitGroup
	answered atomic.Int64

	mutex    sync.Mutex
	attempts []attempt
}

// load begins to create Pods. It ends with the test at the latest.
func (c *cluster) load(t *testing.T, s subject) *load {
	t.Helper()
	return c.loadAt(t, s, pace{rate, burst})
}

// loadAt is load at another pace.
func (c *cluster) loadAt(t *testing.T, s subject, p pace) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{begin: time.Now(), pace: p, stop: stop}
	l.running.Go(func() {
		for n := 0; ; n++ {
			// By the clock, so that what a busy machine delays is made up for.
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(l.begin.Add(time.Duration(n*p.burst) * time.Second / time.Duration(p.rate)))):
			}
			for range p.burst {
				l.running.Go(func() { l.note(c.attempt(context.WithoutCancel(ctx), s)) })
			}
		}
	})
	t.Cleanup(func() { l.end() })
	return l
}

func (l *load) note(a attempt) {
	l.mutex.Lock()
	l.attempts = append(l.attempts, a)
	l.mutex.Unlock()
	l.answered.Add(1)
}

// created is how many creates were answered so far.
func (l *load) created() int { return int(l.answered.Load()) }

// end stops creating, waits for the answers and returns what came of all.
func (l *load) end() outcome {
	l.stop()
	l.running.Wait()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return outcome{begin: l.begin, pace: l.pace, attempts: slices.SortedFunc(slices.Values(l.attempts), func(a, b attempt) int { return a.at.Compare(b.at) })}
}
