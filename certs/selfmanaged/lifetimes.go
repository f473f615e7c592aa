package selfmanaged

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Lifetimes are how long things last. The zero value is not usable; begin with DefaultLifetimes.
type Lifetimes struct {
	// CA is how long a certificate authority is valid. A new one takes its place when a third of that is left.
	CA time.Duration
	// Leaf is how long a served certificate is valid. It is replaced when a third of that is left.
	Leaf time.Duration
	// Backdate is how long before its making an authority begins to be valid, and with it all that it signs, for API
	// servers whose clock is behind that of the node on which it is made.
	Backdate time.Duration
	// Hold is how long an authority must have been published before a certificate that it signed replaces one that
	// works: API servers learn of a webhook configuration a moment after it is stored.
	Hold time.Duration
	// KeepPredecessor is how long an authority stays published after it was replaced, or seen for the first time.
	KeepPredecessor time.Duration
}

// DefaultLifetimes are those of every build except for the integration tests.
//
//   - The authority lasts 10 years, as long as that of the cert-manager mode. Whoever may read the Secret may
//     read its key, for as long as the Secret exists, so that a shorter life would protect nothing.
//   - The certificate lasts 30 days. Its key never leaves the memory of one replica.
//   - A day of backdating is far more than the clocks of a cluster differ, also where a node takes UTC for its local
//     time, and costs nothing.
//   - API servers learn of a changed configuration by a watch, within milliseconds; 5 seconds let a busy one lag.
//   - A day is enough for a replica, or an API server, that was cut off during a replacement, and for a person who adds
//     an authority before it is used.
func DefaultLifetimes() Lifetimes {
	const day = 24 * time.Hour
	return Lifetimes{CA: 3650 * day, Leaf: 30 * day, Backdate: day, Hold: 5 * time.Second, KeepPredecessor: day}
}

// validate returns all that is wrong.
func (l Lifetimes) validate() error {
	var errs []error
	for _, lifetime := range []struct {
		name    string
		length  time.Duration
		atLeast time.Duration
	}{
		// Certificates have whole seconds.
		{"CA", l.CA, time.Second},
		{"Leaf", l.Leaf, time.Second},
		{"Backdate", l.Backdate, 0},
		{"Hold", l.Hold, 0},
		{"KeepPredecessor", l.KeepPredecessor, 0},
	} {
		if lifetime.length < lifetime.atLeast {
			errs = append(errs, fmt.Errorf("lifetime %s = %s: must be at least %s", lifetime.name, lifetime.length, lifetime.atLeast))
		}
	}
	if l.Leaf > l.CA {
		errs = append(errs, fmt.Errorf("lifetime Leaf = %s: must not be longer than CA = %s", l.Leaf, l.CA))
	}
	return errors.Join(errs...)
}

// renewAt is when a certificate is to be replaced: when a third of its life is left. The time before its making does
// not count as life, and a certificate that somebody else made keeps two thirds of its own.
func renewAt(c *x509.Certificate, lifetime time.Duration) time.Time {
	return c.NotAfter.Add(-min(lifetime, c.NotAfter.Sub(c.NotBefore)) / 3)
}
