package webhook

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"
)

// waitBudget is how much longer one review may wait, over everything that it has to wait for.
type waitBudget time.Duration

// limit is a number of bytes or of slots that all reviews share. Those who wait are served in order, so that a large
// review is not starved by small ones.
type limit struct {
	free *semaphore.Weighted
	size int64
	held prometheus.Gauge
}

// newLimit returns a limit of the given size, which reports what is held to the gauge if there is one.
func newLimit(size int64, held prometheus.Gauge) *limit {
	return &limit{free: semaphore.NewWeighted(size), size: size, held: held}
}

// acquire takes n, waiting for it as long as the budget lasts, and reports whether it was taken. Nobody gets more than
// there is in all.
func (l *limit) acquire(n int64, left *waitBudget) bool {
	return l.tryAcquire(n) || l.wait(n, left)
}

// tryAcquire takes n if it is free and nobody waits, and reports whether it was taken.
func (l *limit) tryAcquire(n int64) bool {
	return l.free.TryAcquire(n) && l.taken(n)
}

func (l *limit) taken(n int64) bool {
	if l.held != nil {
		l.held.Add(float64(n))
	}
	return true
}

// wait does not depend on the request's context on purpose, see Handler.
func (l *limit) wait(n int64, left *waitBudget) bool {
	if n > l.size || *left <= 0 {
		return false
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(*left))
	defer cancel()
	err := l.free.Acquire(ctx, n)
	*left -= waitBudget(time.Since(begin))
	return err == nil && l.taken(n)
}

// release gives back n that acquire took.
func (l *limit) release(n int64) {
	l.free.Release(n)
	if l.held != nil {
		l.held.Sub(float64(n))
	}
}
