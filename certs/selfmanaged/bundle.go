package selfmanaged

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"
)

// maxForeign is how many authorities that others made are kept beside the own ones: whoever replaces one publishes two.
const maxForeign = 2

// knowledge is what one replica knows beside what is published.
type knowledge struct {
	// current is the authority in the Secret, or nil if none was seen yet.
	current *x509.Certificate
	// serving signed what this replica serves, or is nil.
	serving *x509.Certificate
	// settled reports whether an authority has been published for so long that every replica serves what it signed, or
	// what a later one signed.
	settled func(*x509.Certificate) bool
	// retireAt is when nobody needs the predecessor of current any more.
	retireAt time.Time
}

// wanted returns which authorities are to be published, given those that are: the current one, at most one own
// predecessor, and until that retires the newest foreign ones. It is the same for every replica that knows the same, does
// not depend on order, and what it returns is wanted again, so that replicas need not agree on who writes.
//
//	published       the Secret has    wanted
//	nothing         "A"               "A"
//	"A"             "A"               "A"
//	"A"             "B"               "B", "A"
//	"B", "A"        "B", for a day    "B"
//	"B", "A"        "C", too early    "B", "A": some replicas may still serve what "A" signed
//	"B", "A"        "C", later        "C", "B": none does
//	"A", X          "C"               "C", "A", X: Pods of another mode of certificates may still serve what X signed
//	expired         "A"               "A"
//	anything        not known yet     the same without what has expired
//
// The newest is first, because a human looks there.
func wanted(published []*x509.Certificate, k knowledge, now time.Time) []*x509.Certificate {
	own, foreign := predecessors(published, k, now)
	if k.current == nil || validAt(k.current, now) != nil {
		return newestFirst(usable(published, now))
	}
	isPublished := contains(published, k.current)
	if isPublished && k.settled(k.current) && !now.Before(k.retireAt) {
		return []*x509.Certificate{k.current}
	}
	if !isPublished && len(own) > 1 && !k.settled(own[0]) {
		return newestFirst(append(foreign, own[:2]...))
	}
	return newestFirst(append(append(foreign, k.current), own[:min(1, len(own))]...))
}

// predecessors returns all authorities that may be kept beside the current one: the own ones, later before earlier, and
// foreign ones, such as that of the mode of certificates that was in use before.
func predecessors(published []*x509.Certificate, k knowledge, now time.Time) (own, foreign []*x509.Certificate) {
	candidates := slices.Clone(published)
	if k.serving != nil && !contains(candidates, k.serving) {
		candidates = append(candidates, k.serving)
	}
	for _, c := range newestFirst(usable(candidates, now)) {
		switch {
		case k.current != nil && c.Equal(k.current):
		case isOwn(c):
			own = append(own, c)
		default:
			foreign = append(foreign, c)
		}
	}
	return own, foreign[:min(maxForeign, len(foreign))]
}

// usable leaves out what has expired. A certificate that is no authority stays: somebody may have published the very
// certificate that they serve.
func usable(all []*x509.Certificate, now time.Time) []*x509.Certificate {
	var some []*x509.Certificate
	for _, c := range all {
		if !now.After(c.NotAfter) && !contains(some, c) {
			some = append(some, c)
		}
	}
	return some
}

// newestFirst sorts by the begin of validity, then by the serial number, which orders own authorities, and then by their bytes, so that
// the order is always the same.
func newestFirst(all []*x509.Certificate) []*x509.Certificate {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b *x509.Certificate) int {
		if byTime := b.NotBefore.Compare(a.NotBefore); byTime != 0 {
			return byTime
		}
		if bySerial := b.SerialNumber.Cmp(a.SerialNumber); bySerial != 0 {
			return bySerial
		}
		return bytes.Compare(a.Raw, b.Raw)
	})
	return sorted
}

// isOwn reports whether an authority was made by newAuthority.
func isOwn(c *x509.Certificate) bool { return slices.Contains(c.Subject.Organization, organization) }

// issuedAt is when an authority was made. A foreign one is taken as not backdated.
func issuedAt(c *x509.Certificate, l Lifetimes) time.Time {
	if isOwn(c) {
		return c.NotBefore.Add(l.Backdate)
	}
	return c.NotBefore
}
