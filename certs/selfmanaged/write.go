package selfmanaged

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// keepAuthority takes the authority from the Secret, and puts a new one there if it cannot be used or ends soon.
// Every replica does so; the precondition of the write lets one succeed, and the others take what that one wrote.
func (m *Manager) keepAuthority(ctx context.Context, now time.Time) error {
	secret, known := m.secret.get()
	if !known {
		return nil
	}
	if secret == nil {
		return m.recreate(ctx, now)
	}
	a, err := parseAuthority(secret.Data, now)
	if err == nil {
		err = m.vouched(a, now)
	}
	if err == nil {
		m.take(a)
		if now.Before(renewAt(a.certificate, m.options.Lifetimes.CA)) {
			return nil
		}
		err = fmt.Errorf("%s ends at %s", CertificateKey, a.certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	if m.isWritten("secret", secret.ResourceVersion, now) {
		return nil
	}
	next, data, making := newAuthority(now, m.options.Lifetimes)
	if making != nil {
		return making
	}
	patch, marshalling := json.Marshal(map[string]any{
		"metadata": precondition{secret.ResourceVersion},
		"data":     data,
	})
	if marshalling != nil {
		return marshalling
	}
	done, writing := m.count(objectSecret, m.cluster.patchSecret(ctx, patch))
	if done {
		m.written["secret"] = write{secret.ResourceVersion, now}
		m.options.Logger.Info("a new certificate authority is in the Secret", "reason", err.Error(), "serial", serial(next.certificate))
	}
	return wrap(writing, "writing the certificate authority into the Secret "+m.secretName())
}

// vouched returns why an authority is of no use for our names. One that was taken has been tried.
func (m *Manager) vouched(a *authority, now time.Time) error {
	if m.authority != nil && m.authority.certificate.Equal(a.certificate) {
		return nil
	}
	return wrap(a.vouches(m.options.DNSNames, now, m.options.Lifetimes), CertificateKey+" cannot sign for us")
}

// recreate makes the Secret after somebody deleted it, where that is allowed.
func (m *Manager) recreate(ctx context.Context, now time.Time) error {
	if m.isWritten("secret", "", now) {
		return nil
	}
	next, data, err := newAuthority(now, m.options.Lifetimes)
	if err != nil {
		return err
	}
	done, err := m.count(objectSecret, m.cluster.createSecret(ctx, data))
	if done {
		m.written["secret"] = write{"", now}
		m.options.Logger.Info("the Secret was missing and is made again with a new certificate authority", "serial", serial(next.certificate))
	}
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("the Secret %s does not exist, and we may not create it: put it back, empty, by applying the chart again (%w)", m.secretName(), err)
	}
	return wrap(err, "creating the Secret "+m.secretName())
}

// take remembers the authority that is in the Secret.
func (m *Manager) take(a *authority) {
	if m.authority != nil && m.authority.certificate.Equal(a.certificate) {
		return
	}
	m.authority = a
	m.options.Logger.Info("the certificate authority was read",
		"serial", serial(a.certificate), "notAfter", a.certificate.NotAfter.UTC().Format(time.RFC3339))
}

// publish brings the bundle of every entry to what is wanted. It writes over what was looked at, and not over what the
// watches have brought since: then the API server refuses, and the next step sees both.
func (m *Manager) publish(ctx context.Context, now time.Time) error {
	p := m.published.Load()
	existing := p.anywhere()
	if len(existing) > 0 {
		m.remembered = existing
	} else {
		existing = m.remembered
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
func (m *Manager) publishIn(ctx context.Context, c *admissionregistrationv1.MutatingWebhookConfiguration, bundle []byte, authorities []*x509.Certificate, now time.Time) error {
	patch := bundlePatch{Metadata: precondition{c.ResourceVersion}}
	for _, w := range c.Webhooks {
		if !bytes.Equal(w.ClientConfig.CABundle, bundle) {
			patch.Webhooks = append(patch.Webhooks, webhookPatch{Name: w.Name, ClientConfig: clientConfigPatch{CABundle: bundle}})
		}
	}
	if len(patch.Webhooks) == 0 || m.isWritten(c.Name, c.ResourceVersion, now) {
		return nil
	}
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	done, err := m.count(objectConfiguration, m.cluster.patchConfiguration(ctx, c.Name, data))
	if done {
		m.written[c.Name] = write{c.ResourceVersion, now}
		m.options.Logger.Info("certificate authorities were published",
			"configuration", c.Name, "entries", len(patch.Webhooks), "serials", names(authorities))
	}
	return wrap(err, "publishing the certificate authority in the MutatingWebhookConfiguration "+c.Name)
}

// bundlePatch is a strategic merge patch: the entries are found by their names, and of each nothing but the bundle is
// touched.
type bundlePatch struct {
	Metadata precondition   `json:"metadata"`
	Webhooks []webhookPatch `json:"webhooks"`
}

// precondition makes the API server refuse a patch of an object that has changed since it was read.
type precondition struct {
	ResourceVersion string `json:"resourceVersion"`
}

type webhookPatch struct {
	Name         string            `json:"name"`
	ClientConfig clientConfigPatch `json:"clientConfig"`
}

type clientConfigPatch struct {
	CABundle []byte `json:"caBundle"`
}

// isWritten says whether this very state of an object was replaced by us a moment ago, so that the watch is about to
// bring another.
func (m *Manager) isWritten(object, resourceVersion string, now time.Time) bool {
	w, ok := m.written[object]
	return ok && w.over == resourceVersion && now.Sub(w.at) < echoAfter
}

// count counts a write and says whether it was done. That somebody else was faster is no error: the watch brings what
// they wrote.
func (m *Manager) count(object object, err error) (done bool, failure error) {
	switch {
	case err == nil:
		m.metrics.wrote(object, resultSuccess)
		return true, nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		m.metrics.wrote(object, resultConflict)
		return false, nil
	default:
		m.metrics.wrote(object, resultError)
		return false, err
	}
}

func (m *Manager) secretName() string { return m.options.Namespace + "/" + m.options.Secret }

// wrap adds what was tried to an error, if there is one.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
