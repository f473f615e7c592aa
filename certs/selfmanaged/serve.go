package selfmanaged

import "time"

// prepare signs the next certificate if one is due: there is none, a third of its life is left, or the authority is
// another. Signing does not serve it.
func (m *Manager) prepare(now time.Time) error {
	a := m.authority
	if a == nil || now.After(a.certificate.NotAfter) {
		return nil
	}
	if m.pending != nil && m.pendingIsGood(a, now) {
		return nil
	}
	m.pending = nil
	serving := m.serving.Load()
	if serving != nil && serving.issuer.Equal(a.certificate) && now.Before(renewAt(serving.certificate(), m.options.Lifetimes.Leaf)) {
		return nil
	}
	l, err := a.sign(m.options.DNSNames, now, m.options.Lifetimes)
	if err != nil {
		return err
	}
	m.pending = l
	return nil
}

// pendingIsGood reports whether the pending certificate can be used as it is. One that the API server trusts is served first
// even if the authority has changed once more in the meantime: the certificate that is served now may be the next to
// lose its authority.
func (m *Manager) pendingIsGood(a *authority, now time.Time) bool {
	c := m.pending.certificate()
	if !now.Before(renewAt(c, m.options.Lifetimes.Leaf)) {
		return false
	}
	return m.pending.issuer.Equal(a.certificate) || m.Trusts(c) == nil
}

// swap serves the pending certificate once the API server trusts it, and nothing holds it back. It reports whether it did.
func (m *Manager) swap(now time.Time) bool {
	if m.pending == nil || m.published.Load().trusts(m.pending.certificate(), m.options.DNSNames, now) != nil {
		return false
	}
	if d, ok := m.history.publishedFor(m.pending.issuer, now); (!ok || d < m.options.Lifetimes.Hold) && m.mustHold(now) {
		return false
	}
	l := m.pending
	m.pending = nil
	m.serving.Store(l)
	m.metrics.served.Inc()
	m.options.Logger.Info("a new certificate is served",
		"serial", serial(l.certificate()), "notAfter", l.certificate().NotAfter.UTC().Format(time.RFC3339), "authority", serial(l.issuer))
	return true
}

// mustHold reports whether an authority that was just published is too new to be relied on, since API servers learn of it
// a moment later. That matters only during a replacement: a certificate of another authority that works is served
// meanwhile, or other replicas may serve one. The very first certificate waits for nothing, nor does one that nobody asks
// for, nor a renewal: API servers know its authority as well as that of what is served, which is the same.
func (m *Manager) mustHold(now time.Time) bool {
	p := m.published.Load()
	if len(p.entries) == 0 {
		return false
	}
	if serving := m.serving.Load(); serving != nil {
		return !serving.issuer.Equal(m.pending.issuer) && p.trusts(serving.certificate(), m.options.DNSNames, now) == nil
	}
	return len(p.inEveryEntry()) > 1
}
