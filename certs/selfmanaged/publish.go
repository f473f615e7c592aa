package selfmanaged

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"time"
)

// publish writes the bundle that is wanted into every entry that has another. It overwrites what observe read, and not
// what the watches have brought since: then the API server refuses the write, and the next step sees both.
func (m *Manager) publish(ctx context.Context, now time.Time) error {
	p := m.published.Load()
	existing := p.inAnyEntry()
	if len(existing) > 0 {
		m.lastPublished = existing
	} else {
		existing = m.lastPublished
	}
	want := wanted(existing, m.knowledge(now), now)
	if len(want) == 0 {
		return nil
	}
	bundle := encodeCertificates(want)
	var errs []error
	for _, c := range p.configurations {
		errs = append(errs, m.publishIn(ctx, c, bundle, want, now))
	}
	return errors.Join(errs...)
}

func (m *Manager) knowledge(now time.Time) knowledge {
	l := m.options.Lifetimes
	k := knowledge{settled: func(c *x509.Certificate) bool {
		d, ok := m.publishedFor(c, now)
		return ok && d >= l.settle()
	}}
	if m.authority != nil {
		k.current = m.authority.certificate
		k.retireAt = issuedAt(k.current, l).Add(l.KeepPredecessor)
	}
	if serving := m.serving.Load(); serving != nil {
		k.serving = serving.issuer
	}
	return k
}

// publishIn patches the entries of a configuration that have another bundle.
func (m *Manager) publishIn(ctx context.Context, c *configuration, bundle []byte, authorities []*x509.Certificate, now time.Time) error {
	patch := bundlePatch{Metadata: precondition{c.resourceVersion}}
	for _, w := range c.webhooks {
		if !bytes.Equal(w.bundle, bundle) {
			patch.Webhooks = append(patch.Webhooks, webhookPatch{Name: w.name, ClientConfig: clientConfigPatch{CABundle: bundle}})
		}
	}
	if len(patch.Webhooks) == 0 || m.isWritten(c.String(), c.resourceVersion, now) {
		return nil
	}
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	done, err := m.count(objectConfiguration, m.cluster.patchConfiguration(ctx, c.configurationRef, data))
	if done {
		m.written[c.String()] = write{c.resourceVersion, now}
		m.options.Logger.Info("certificate authorities were published",
			"configuration", c.name, "entries", len(patch.Webhooks), "serials", serials(authorities))
	}
	return wrap(err, "publishing the certificate authority in the "+c.String())
}

// bundlePatch is a strategic merge patch for both kinds of webhook configurations: the entries are found by their names,
// and of each only the bundle is changed.
type bundlePatch struct {
	Metadata precondition   `json:"metadata"`
	Webhooks []webhookPatch `json:"webhooks"`
}

type webhookPatch struct {
	Name         string            `json:"name"`
	ClientConfig clientConfigPatch `json:"clientConfig"`
}

type clientConfigPatch struct {
	CABundle []byte `json:"caBundle"`
}
