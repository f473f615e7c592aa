package resilience

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// outcome is what came of a load: its attempts in the order in which they were sent.
type outcome struct {
	begin    time.Time
	pace     pace
	attempts []attempt
}

// where returns the attempts that a condition holds for.
func (o outcome) where(condition func(attempt) bool) []attempt {
	return slices.DeleteFunc(slices.Clone(o.attempts), func(a attempt) bool { return !condition(a) })
}

func (o outcome) missed() []attempt { return o.where(attempt.isMissed) }

func (o outcome) refused() []attempt {
	return o.where(func(a attempt) bool { return a.err != nil })
}

// perSecond is how many were sent in a second.
func (o outcome) perSecond() float64 {
	if len(o.attempts) < 2 {
		return 0
	}
	// The last burst begins the next interval.
	return float64(len(o.attempts)-o.pace.burst) / o.attempts[len(o.attempts)-1].at.Sub(o.attempts[0].at).Seconds()
}

// String is the outcome in one line.
func (o outcome) String() string {
	took := make([]time.Duration, 0, len(o.attempts))
	for _, a := range o.attempts {
		took = append(took, a.took)
	}
	return fmt.Sprintf("%d creates at %.0f/s, %d refused, %d without their probes, p50 %v, p99 %v, longest %v",
		len(o.attempts), o.perSecond(), len(o.refused()), len(o.missed()),
		percentile(took, 50).Round(time.Millisecond), percentile(took, 99).Round(time.Millisecond), percentile(took, 100).Round(time.Millisecond))
}

// percentile is the smallest of the values that so many percent of them do not exceed.
func percentile(values []time.Duration, percent int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

// nothingLost fails the test if any Pod was refused or has no probes, and if fewer were created than the figure needs.
func (o outcome) nothingLost(t *testing.T, least int) {
	t.Helper()
	o.nothingRefused(t)
	o.isLoad(t, least)
	for n, a := range o.missed() {
		if n == 5 {
			t.Errorf("and %d more", len(o.missed())-n)
			break
		}
		t.Errorf("a Pod has no probes, created %v after the load began; it took %v", a.at.Sub(o.begin).Round(time.Millisecond), a.took.Round(time.Millisecond))
	}
}

// nothingRefused fails the test if any Pod was refused.
func (o outcome) nothingRefused(t *testing.T) {
	t.Helper()
	for n, a := range o.refused() {
		if n == 5 {
			t.Errorf("and %d more", len(o.refused())-n)
			break
		}
		t.Errorf("a Pod is refused, created %v after the load began: %v", a.at.Sub(o.begin).Round(time.Millisecond), a.err)
	}
}

// isLoad fails the test if the load was not what it was meant to be. A load of a few bursts has no rate to speak of.
func (o outcome) isLoad(t *testing.T, least int) {
	t.Helper()
	needed := leastRate * float64(o.pace.rate) / rate
	isTooSlow := len(o.attempts) > 5*o.pace.burst && o.perSecond() < needed
	if len(o.attempts) < max(least, 2*o.pace.burst) || isTooSlow {
		t.Errorf("%d creates at %.1f/s: the figure needs %d at %.0f/s", len(o.attempts), o.perSecond(), least, needed)
	}
}
