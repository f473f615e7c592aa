package e2e

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// serving watches how many of our Pods are in rotation.
type serving struct {
	stop        context.CancelFunc
	running     sync.WaitGroup
	looks, most int
	fewest      int
	errs        []error
}

// watchServing looks twenty times a second how many of our Pods are in rotation. The Service has the release's name.
func (l *lifecycle) watchServing(t *testing.T) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &serving{stop: stop}
	w.running.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				ready, err := l.inRotation(ctx, releaseNamespace, releaseName)
				w.look(len(ready), err)
			}
		}
	})
	t.Cleanup(func() { stop(); w.running.Wait() })
	return w
}

func (w *serving) look(ready int, err error) {
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			w.errs = append(w.errs, err)
		}
		return
	}
	if w.looks == 0 {
		w.fewest = ready
	}
	w.looks++
	w.fewest, w.most = min(w.fewest, ready), max(w.most, ready)
}

// end stops watching and fails the test if there was a look at which nobody was in rotation.
func (w *serving) end(t *testing.T) {
	t.Helper()
	w.stop()
	w.running.Wait()
	t.Logf("%d looks at the EndpointSlice: %d to %d of our Pods in rotation", w.looks, w.fewest, w.most)
	if w.looks == 0 || len(w.errs) > 0 {
		t.Errorf("the rotation was seen %d times: %v", w.looks, errors.Join(w.errs...))
	}
	if w.fewest < 1 {
		t.Errorf("there was a moment at which none of our Pods was in rotation")
	}
}
