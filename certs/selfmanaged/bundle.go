package selfmanaged

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"time"
)

// maxOthers is how many authorities are kept beside the current one, whoever made them. It only has to bound the size of
// the configuration: an admin's chain, the authorities of another mode and those of a busy day's rotations are far fewer.
const maxOthers = 16

// knowledge is what one replica knows beside what is published.
type knowledge struct {
	// current is the authority in the Secret, or nil if none was seen yet.
	current *x509.Certificate
	// serving signed what this replica serves, or is nil.
	serving *x509.Certificate
	// neededAt is when an authority was last known to be needed: it was current or served, or was seen for the first time.
	neededAt func(*x509.Certificate) time.Time
	// retired reports whether nobody can need an authority any more that is not current.
	retired func(*x509.Certificate) bool
}

// wanted returns which authorities are to be published, given those that are: the current one, and every other until it
// retires. What it returns is wanted again, in any order, and it never adds what somebody else removed, so that replicas
// that know different things do not fight: the first to know that one is not needed drops it.
//
//	published       the Secret has    wanted
//	nothing         "A"               "A"
//	"A"             "A"               "A"
//	"A"             "B"               "B", "A"
//	"B", "A"        "B", for a day    "B"
//	"B", "A"        "C"               "C", "B", "A"
//	"B"             "A", restored     "A", "B": replicas still serve what "B" signed
//	"A", X          "A"               "A", X, until X has been there for a day: somebody is about to serve what X signed
//	anything        not known yet     the same
//
// The current one is first, because a human looks there.
func wanted(published []*x509.Certificate, k knowledge) []*x509.Certificate {
	if k.current == nil {
		return published
	}
	others := slices.Clone(published)
	if k.serving != nil && !contains(others, k.serving) {
		others = append(others, k.serving)
	}
	others = slices.DeleteFunc(others, func(c *x509.Certificate) bool {
		isServed := k.serving != nil && c.Equal(k.serving)
		return c.Equal(k.current) || !isServed && k.retired(c)
	})
	if len(others) > maxOthers {
		// A sort that keeps the order of equals would depend on the order in which they are published.
		others = newestFirst(others)
		slices.SortStableFunc(others, func(a, b *x509.Certificate) int { return k.neededAt(b).Compare(k.neededAt(a)) })
		others = others[:maxOthers]
	}
	return append([]*x509.Certificate{k.current}, newestFirst(others)...)
}

// newestFirst sorts by the begin of validity, then by the serial number, which orders own authorities, and then by their bytes, so that
// the order is always the same.
func newestFirst(all []*x509.Certificate) []*x509.Certificate {
	return slices.SortedFunc(slices.Values(all), func(a, b *x509.Certificate) int {
		return cmp.Or(b.NotBefore.Compare(a.NotBefore), b.SerialNumber.Cmp(a.SerialNumber), bytes.Compare(a.Raw, b.Raw))
	})
}

// areSame reports whether two bundles trust the same authorities. Their order makes no difference to an API server, nor
// does what else is in the text, and who wrote it may have reasons for both.
func areSame(a, b []*x509.Certificate) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c *x509.Certificate) bool { return !contains(b, c) })
}
