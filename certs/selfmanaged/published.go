package selfmanaged

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

// published is what the API server was told to trust when it calls us, as far as this replica knows.
type published struct {
	// configurations are what it was read from, and entries all of their webhooks.
	configurations []*admissionregistrationv1.MutatingWebhookConfiguration
	entries        []entry
	// missing names the configurations that do not exist or could not be read yet.
	missing []string
}

// entry is one webhook of a configuration.
type entry struct {
	configuration, name string
	bundle              []byte
	authorities         []*x509.Certificate
	roots               *x509.CertPool
}

// read adds the entries of a configuration.
func (p *published) read(c *admissionregistrationv1.MutatingWebhookConfiguration) {
	p.configurations = append(p.configurations, c)
	for _, w := range c.Webhooks {
		e := entry{
			configuration: c.Name, name: w.Name,
			bundle:      w.ClientConfig.CABundle,
			authorities: parseCertificates(w.ClientConfig.CABundle),
			roots:       x509.NewCertPool(),
		}
		for _, c := range e.authorities {
			e.roots.AddCert(c)
		}
		p.entries = append(p.entries, e)
	}
}

// anywhere are the authorities that any entry has.
func (p *published) anywhere() []*x509.Certificate {
	var all []*x509.Certificate
	for _, e := range p.entries {
		for _, c := range e.authorities {
			if !contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// everywhere are the authorities that every entry has.
func (p *published) everywhere() []*x509.Certificate {
	if len(p.missing) > 0 {
		return nil
	}
	return slices.DeleteFunc(p.anywhere(), func(c *x509.Certificate) bool {
		return slices.ContainsFunc(p.entries, func(e entry) bool { return !contains(e.authorities, c) })
	})
}

// trusts returns why an API server that calls us now would not accept a certificate, or nil: every entry of every
// configuration must verify it, for each of our names.
func (p *published) trusts(c *x509.Certificate, names []string, now time.Time) error {
	var reasons []error
	for _, name := range p.missing {
		reasons = append(reasons, fmt.Errorf("the MutatingWebhookConfiguration %s does not exist or was not read yet", name))
	}
	var refusing []string
	var refusal error
	for _, e := range p.entries {
		if err := e.trusts(c, names, now); err != nil {
			refusing, refusal = append(refusing, e.configuration+"/"+e.name), err
		}
	}
	if len(refusing) > 0 {
		reasons = append(reasons, fmt.Errorf("the published caBundle of %s does not verify our certificate: %w", strings.Join(refusing, ", "), refusal))
	}
	return errors.Join(reasons...)
}

func (e *entry) trusts(c *x509.Certificate, names []string, now time.Time) error {
	return verify(c, e.roots, names, now)
}

// verify returns why an API server that trusts the roots would not accept the certificate for one of the names.
func verify(c *x509.Certificate, roots *x509.CertPool, names []string, now time.Time) error {
	for _, name := range names {
		_, err := c.Verify(x509.VerifyOptions{
			Roots: roots, DNSName: name, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
