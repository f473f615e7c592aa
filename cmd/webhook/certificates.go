package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/certs/selfmanaged"
	"github.com/probe-injector/probe-injector/cmd/internal/version"
)

// certificates are where the served certificate comes from: files, or ourselves.
type certificates interface {
	certs.Certificates
	// run does what has to be done while the process serves, until ctx ends.
	run(ctx context.Context)
	// reload looks at the files again, if that is where it comes from.
	reload(logger *slog.Logger)
	// directories are where the files are.
	directories() []string
	// ready says what is missing before a handshake can succeed.
	ready() error
	// trusted says why the API server would not accept a certificate from us, or is nil where we cannot know.
	trusted() func(*x509.Certificate) error
}

func newCertificates(o options, f faults, logger *slog.Logger, r prometheus.Registerer) (certificates, error) {
	if o.selfManaged.secret == "" {
		return newCertificateFiles(o, f, r)
	}
	return newOwnCertificates(o, f, logger, r)
}

// certificateFiles are those in --cert-dir. Nothing about them needs the Kubernetes API.
type certificateFiles struct {
	source *certs.Source
	dir    string
	// complaint is the error that stays, and lines limits the lines about it: the files are looked at every 10 seconds.
	complaint string
	lines     *rate.Sometimes
}

// complaintInterval is how often a line about an error that stays is written.
const complaintInterval = 5 * time.Minute

func newCertificateFiles(o options, f faults, r prometheus.Registerer) (*certificateFiles, error) {
	metrics, err := certs.NewMetrics(r)
	if err != nil {
		return nil, err
	}
	source, err := certs.NewSource(o.certDir, o.dnsNames, metrics, f.now)
	if err != nil {
		return nil, err
	}
	return &certificateFiles{source: source, dir: o.certDir}, nil
}

func (c *certificateFiles) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.source.GetCertificate(hello)
}

func (*certificateFiles) run(context.Context) {}

func (c *certificateFiles) reload(logger *slog.Logger) {
	changed, err := c.source.Reload()
	switch {
	case err != nil:
		if err.Error() != c.complaint {
			c.complaint, c.lines = err.Error(), &rate.Sometimes{Interval: complaintInterval}
		}
		c.lines.Do(func() { logger.Error("the certificate was not reloaded, the one before stays", "error", err) })
	case changed:
		logger.Info("certificate reloaded")
	}
	if err == nil {
		c.complaint = ""
	}
}

func (c *certificateFiles) directories() []string { return []string{c.dir} }

func (*certificateFiles) ready() error { return nil }

func (*certificateFiles) trusted() func(*x509.Certificate) error { return nil }

// ownCertificates are signed by the authority in --tls-secret.
type ownCertificates struct{ manager *selfmanaged.Manager }

func newOwnCertificates(o options, f faults, logger *slog.Logger, r prometheus.Registerer) (*ownCertificates, error) {
	config, err := restConfig(o.selfManaged.kubeconfig)
	if err != nil {
		return nil, err
	}
	manager, err := selfmanaged.New(selfmanaged.Options{
		Config:         config,
		Namespace:      o.selfManaged.namespace,
		Secret:         o.selfManaged.secret,
		Configurations: o.selfManaged.configurations,
		Preflights:     o.selfManaged.preflights,
		DNSNames:       o.dnsNames,
		Lifetimes:      f.lifetimes,
		Now:            f.now,
		Logger:         logger,
		Registerer:     r,
	})
	if err != nil {
		return nil, fmt.Errorf("self-managed certificates: %w", err)
	}
	return &ownCertificates{manager: manager}, nil
}

// restConfig is how to reach the Kubernetes API: as a kubeconfig says, or as the Pod we run in.
func restConfig(kubeconfig string) (config *rest.Config, err error) {
	if kubeconfig == "" {
		config, err = rest.InClusterConfig()
	} else {
		config, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("reaching the Kubernetes API for --tls-secret (--kubeconfig %q): %w", kubeconfig, err)
	}
	config.UserAgent = "probe-injector/" + version.String()
	return config, nil
}

func (c *ownCertificates) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.manager.GetCertificate(hello)
}

func (c *ownCertificates) run(ctx context.Context) { c.manager.Run(ctx) }

func (*ownCertificates) reload(*slog.Logger) {}

func (*ownCertificates) directories() []string { return nil }

// ready costs nothing once there is a certificate: whether it is trusted is asked after a handshake, which is not made
// for everyone who comes.
func (c *ownCertificates) ready() error {
	if _, err := c.manager.GetCertificate(nil); err == nil {
		return nil
	}
	return c.manager.Ready()
}

func (c *ownCertificates) trusted() func(*x509.Certificate) error { return c.manager.Trusts }
