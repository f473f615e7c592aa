package selfmanaged

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// published is what this replica knows about the authorities in the webhook configurations, which the API server trusts
// when it calls the webhook.
type published struct {
	// configurations are what it was read from.
	configurations []*configuration
	// entries are those of their webhooks that call us, and others the names that the rest of them calls, each once:
	// another installation may have taken over the configuration.
	entries []entry
	others  []string
	// optional are the entries of optional configurations that call us. They get the same bundle, and count for nothing else.
	optional []entry
	// unread are the configurations that were not read yet. One that does not exist was read.
	unread []configurationRef
	// lastChange is when the last of them was changed.
	lastChange time.Time
}

// entry is one webhook of a configuration.
type entry struct {
	configuration *configuration
	name          string
	// bundle is what is published, PEM; authorities and roots are the certificates in it.
	bundle      []byte
	authorities []*x509.Certificate
	roots       *x509.CertPool
}

// add adds the entries of a configuration. An entry calls us if the API server expects one of our names from whom it calls.
func (p *published) add(c *configuration, names []string) {
	p.configurations = append(p.configurations, c)
	if !c.kind.isOptional {
		p.lastChange = latest(p.lastChange, c.lastChange)
	}
	for _, w := range c.webhooks {
		if !slices.Contains(names, w.serverName) {
			if !c.kind.isOptional && !slices.Contains(p.others, w.serverName) {
				p.others = append(p.others, w.serverName)
			}
			continue
		}
		e := entry{
			configuration: c, name: w.name,
			bundle:      w.bundle,
			authorities: parseCertificates(w.bundle),
			roots:       x509.NewCertPool(),
		}
		for _, c := range e.authorities {
			e.roots.AddCert(c)
		}
		if c.kind.isOptional {
			p.optional = append(p.optional, e)
			continue
		}
		p.entries = append(p.entries, e)
	}
}

// entriesOf are the entries of a configuration that call us.
func (p *published) entriesOf(c *configuration) []entry {
	return slices.DeleteFunc(slices.Concat(p.entries, p.optional), func(e entry) bool { return e.configuration != c })
}

// inAnyEntry returns the authorities that at least one entry has.
func (p *published) inAnyEntry() []*x509.Certificate {
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

// inEveryEntry returns the authorities that every entry has.
func (p *published) inEveryEntry() []*x509.Certificate {
	if len(p.unread) > 0 {
		return nil
	}
	return slices.DeleteFunc(p.inAnyEntry(), func(c *x509.Certificate) bool {
		return slices.ContainsFunc(p.entries, func(e entry) bool { return !contains(e.authorities, c) })
	})
}

// trusts returns why the API server would reject a certificate now, or nil: every entry that calls us must verify it, for
// each of the names.
func (p *published) trusts(c *x509.Certificate, names []string, now time.Time) error {
	var reasons []error
	for _, r := range p.unread {
		reasons = append(reasons, fmt.Errorf("the %s was not read yet", r))
	}
	var refusing []string
	var refusal error
	for _, e := range p.entries {
		if err := verify(c, e.roots, names, now); err != nil {
			refusing, refusal = append(refusing, e.configuration.name+"/"+e.name), err
		}
	}
	if len(refusing) > 0 {
		reasons = append(reasons, fmt.Errorf("the published caBundle of %s does not verify our certificate: %w", strings.Join(refusing, ", "), refusal))
	}
	return errors.Join(reasons...)
}

// unreadError names all configurations that were not read yet, by their kinds.
func unreadError(unread []configurationRef) error {
	names := map[*configurationKind][]string{}
	for _, r := range unread {
		names[r.kind] = append(names[r.kind], r.name)
	}
	var errs []error
	for _, kind := range []*configurationKind{mutating, validating} {
		if len(names[kind]) > 0 {
			errs = append(errs, fmt.Errorf("the %ss %q were not read yet", kind.name, names[kind]))
		}
	}
	return errors.Join(errs...)
}

// verify returns why an API server that trusts the roots would reject the certificate for one of the names, or nil.
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
