package selfmanaged

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// secretKey is the Secret among the objects that are written.
const secretKey = "Secret"

// readSecret is for an objectStore.
func readSecret(object any) (*corev1.Secret, error) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return nil, fmt.Errorf("watching: got a %T", object)
	}
	return secret, nil
}

// keepAuthority takes the authority from the Secret, and puts a new one there if it cannot be used or ends soon.
// Every replica does so; the precondition of the write lets one succeed, and the others take what that one wrote.
func (m *Manager) keepAuthority(ctx context.Context, now time.Time) error {
	secret, known := m.secret.get()
	if !known {
		return nil
	}
	if secret == nil {
		return m.recreateSecret(ctx, now)
	}
	a, err := parseAuthority(secret.Data, now)
	if err == nil {
		err = m.canIssue(a, now)
	}
	if err == nil {
		m.adopt(a, lastChange(secret), now)
		if now.Before(renewAt(a.certificate, m.options.Lifetimes.CA)) {
			return nil
		}
		err = fmt.Errorf("%s ends at %s", certificateKey, a.certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	return m.replaceAuthority(ctx, secret.ResourceVersion, err, now)
}

// replaceAuthority puts a new authority into the Secret, for a reason.
func (m *Manager) replaceAuthority(ctx context.Context, resourceVersion string, reason error, now time.Time) error {
	if m.isWritten(secretKey, resourceVersion, now) || !m.mayWrite(secretKey, now) {
		return nil
	}
	next, data, err := newAuthority(now, m.options.Lifetimes)
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": precondition{resourceVersion},
		"data":     data,
	})
	if err != nil {
		return err
	}
	done, err := m.count(objectSecret, m.cluster.patchSecret(ctx, patch))
	if done {
		m.wrote(secretKey, resourceVersion, now)
		m.options.Logger.Info("a new certificate authority is in the Secret", "reason", reason.Error(), "serial", serial(next.certificate))
	}
	return wrap(err, "writing the certificate authority into the Secret "+m.secretName())
}

// canIssue returns why an authority is of no use for the DNS names, or nil. The one that is in use was tried before.
func (m *Manager) canIssue(a *authority, now time.Time) error {
	if m.authority != nil && m.authority.certificate.Equal(a.certificate) {
		return nil
	}
	return wrap(a.canIssueFor(m.options.DNSNames, now, m.options.Lifetimes), certificateKey+" cannot sign for us")
}

// recreateSecret creates the Secret after somebody deleted it, where that is allowed.
func (m *Manager) recreateSecret(ctx context.Context, now time.Time) error {
	if m.isWritten(secretKey, "", now) || !m.mayWrite(secretKey, now) {
		return nil
	}
	next, data, err := newAuthority(now, m.options.Lifetimes)
	if err != nil {
		return err
	}
	done, err := m.count(objectSecret, m.cluster.createSecret(ctx, data))
	if done {
		m.wrote(secretKey, "", now)
		m.options.Logger.Info("the Secret was missing and is made again with a new certificate authority", "serial", serial(next.certificate))
	}
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("the Secret %s does not exist, and we may not create it: put it back, empty, by applying the chart again (%w)", m.secretName(), err)
	}
	return wrap(err, "creating the Secret "+m.secretName())
}

// adopt takes the authority that is in the Secret for the one that signs.
func (m *Manager) adopt(a *authority, lastChange, now time.Time) {
	if m.authority != nil && m.authority.certificate.Equal(a.certificate) {
		return
	}
	m.authority = a
	m.history.adopt(lastChange, now)
	m.options.Logger.Info("the certificate authority was read",
		"serial", serial(a.certificate), "notAfter", a.certificate.NotAfter.UTC().Format(time.RFC3339))
}

func (m *Manager) secretName() string { return m.options.Namespace + "/" + m.options.Secret }
