package selfmanaged

import (
	"crypto/x509"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// clockMargin is by how much the clocks of a cluster are allowed to differ. A change that seems to be more recent may have
// been made just now.
const clockMargin = 3 * time.Hour

// history is since when authorities are published and were needed, as far as one replica can know. Nothing of it is
// stored: what a process has not seen itself, it takes from when the API server says that an object was changed last.
// Authorities are known by their bytes. The clock of the node may be set back at any time; nothing lasts longer for that.
type history struct {
	// complete is whether every configuration was read at a step before.
	complete bool
	// publishedSince is since when every entry has had an authority.
	publishedSince map[string]time.Time
	// neededAt is when an authority that some entry has was last served, in the Secret, or seen for the first time.
	neededAt map[string]time.Time
	// currentSince is since when the present authority is in the Secret, zero before there was one.
	currentSince time.Time
	// dropped are the authorities that this process has taken out of bundles because nobody needed them.
	dropped map[string]bool
}

// observe takes over what is published now.
func (h *history) observe(p *published, now time.Time) {
	first := now
	if !h.complete {
		first = unchangedSince(p.lastChange, now)
	}
	h.publishedSince = carryOn(h.publishedSince, p.inEveryEntry(), first, now)
	h.neededAt = carryOn(h.neededAt, p.inAnyEntry(), first, now)
	h.complete = h.complete || len(p.unread) == 0
}

// carryOn returns since when certificates have been there, given since when some of them were before.
func carryOn(before map[string]time.Time, now []*x509.Certificate, first, at time.Time) map[string]time.Time {
	since := map[string]time.Time{}
	for _, c := range now {
		since[string(c.Raw)] = first
		if t, ok := before[string(c.Raw)]; ok {
			since[string(c.Raw)] = earliest(t, at)
		}
	}
	return since
}

// adopt takes over that another authority is in the Secret, which was changed last at some time.
func (h *history) adopt(lastChange, now time.Time) {
	if h.currentSince.IsZero() {
		now = unchangedSince(lastChange, now)
	}
	h.currentSince = now
}

// needed takes over that an authority is needed now.
func (h *history) needed(c *x509.Certificate, now time.Time) { h.neededAt[string(c.Raw)] = now }

// publishedFor returns for how long every entry has had an authority.
func (h *history) publishedFor(c *x509.Certificate, now time.Time) (d time.Duration, ok bool) {
	since, ok := h.publishedSince[string(c.Raw)]
	return now.Sub(since), ok
}

// retired reports whether an authority has not been needed for so long that nobody can need it: it was there all that
// time, and so was the current one in the Secret and in every entry. What somebody publishes again after it was dropped
// is needed, whatever we know.
func (h *history) retired(c, current *x509.Certificate, keep time.Duration, now time.Time) bool {
	if h.dropped[string(c.Raw)] {
		return false
	}
	published, ok := h.publishedSince[string(current.Raw)]
	neededAt, seen := h.neededAt[string(c.Raw)]
	if !ok || !seen {
		return false
	}
	return !now.Before(latest(latest(neededAt, h.currentSince), published).Add(keep))
}

// drop notes which of the authorities that were published are not any more.
func (h *history) drop(before, after []*x509.Certificate) {
	for _, c := range before {
		if !contains(after, c) {
			h.dropped[string(c.Raw)] = true
		}
	}
}

// unchangedSince returns since when an object has been as it is, if the API server says that it was changed last at some
// time.
func unchangedSince(lastChange, now time.Time) time.Time {
	if lastChange.IsZero() || now.Sub(lastChange) < clockMargin {
		return now
	}
	return lastChange
}

// lastChange returns when an object was changed last, zero if its metadata does not say so. The API server notes the time
// for each writer.
func lastChange(o metav1.Object) time.Time {
	fields := o.GetManagedFields()
	if len(fields) == 0 {
		return time.Time{}
	}
	last := o.GetCreationTimestamp().Time
	for _, f := range fields {
		if f.Time != nil {
			last = latest(last, f.Time.Time)
		}
	}
	return last
}
