package selfmanaged

import (
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
	want := wanted(existing, m.knowledge(now))
	if len(want) == 0 {
		return nil
	}
	var errs []error
	for _, c := range p.configurations {
		errs = append(errs, m.publishIn(ctx, c, want, now))
	}
	return errors.Join(errs...)
}

// knowledge also notes that what is current and what is served is needed.
func (m *Manager) knowledge(now time.Time) knowledge {
	var k knowledge
	if serving := m.serving.Load(); serving != nil {
		k.serving = serving.issuer
		m.history.needed(k.serving, now)
	}
	if m.authority != nil {
		k.current = m.authority.certificate
		m.history.needed(k.current, now)
	}
	k.neededAt = func(c *x509.Certificate) time.Time { return m.history.neededAt[string(c.Raw)] }
	k.retired = func(c *x509.Certificate) bool {
		return m.history.retired(c, k.current, m.options.Lifetimes.KeepPredecessor, now)
	}
	return k
}

// publishIn patches the entries of a configuration that call us and trust others than they should.
func (m *Manager) publishIn(ctx context.Context, c *configuration, want []*x509.Certificate, now time.Time) error {
	bundle := encodeCertificates(want)
	var webhooks []webhookPatch
	var present []*x509.Certificate
	for _, e := range m.published.Load().entriesOf(c) {
		if !areSame(e.authorities, want) {
			present = append(present, e.authorities...)
			webhooks = append(webhooks, newWebhookPatch(e.name, bundle))
		}
	}
	if len(webhooks) == 0 {
		return m.publishAgain(ctx, c, now)
	}
	done, err := m.patchWebhooks(ctx, c, webhooks, now)
	if done {
		m.toRepeat[c.configurationRef] = publication{bundle, now}
		m.history.drop(present, want)
		m.publications.Do(func() {
			m.options.Logger.Info("certificate authorities were published",
				"configuration", c.name, "entries", len(webhooks), "serials", serials(want))
		})
	}
	return err
}

// patchWebhooks changes the bundles of some entries, if this replica may write the configuration now.
func (m *Manager) patchWebhooks(ctx context.Context, c *configuration, webhooks []webhookPatch, now time.Time) (done bool, err error) {
	if m.isWritten(c.String(), c.resourceVersion, now) || !m.mayWrite(c.String(), now) {
		return false, nil
	}
	data, err := json.Marshal(bundlePatch{Metadata: precondition{c.resourceVersion}, Webhooks: webhooks})
	if err != nil {
		return false, err
	}
	done, err = m.count(objectConfiguration, m.cluster.patchConfiguration(ctx, c.configurationRef, data))
	if done {
		m.wrote(c.String(), c.resourceVersion, now)
	}
	return done, wrap(err, "publishing the certificate authority in the "+c.String())
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

func newWebhookPatch(name string, bundle []byte) webhookPatch {
	return webhookPatch{Name: name, ClientConfig: clientConfigPatch{CABundle: bundle}}
}
