package selfmanaged

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
)

const (
	// lookAgainAfter is how often everything is looked at without having been told of a change. It costs some parsing
	// of what is in memory.
	lookAgainAfter = 10 * time.Second
	// After an error the next attempt waits for firstRetry, then twice as long each time, up to lastRetry.
	firstRetry, lastRetry = 200 * time.Millisecond, 10 * time.Second
	// echoAfter is how long a write may take to come back by the watch before the object is written again.
	echoAfter = 5 * time.Second
)

// Options are what a Manager needs. All fields are required.
type Options struct {
	// Config is how to reach the Kubernetes API.
	Config *rest.Config
	// Namespace and Secret name the Secret of the authority.
	Namespace, Secret string
	// Configurations are the names of the MutatingWebhookConfigurations whose bundles are kept.
	Configurations []string
	// DNSNames are the names, or IP addresses, by which the API server calls us.
	DNSNames []string
	// Lifetimes are DefaultLifetimes outside of tests.
	Lifetimes Lifetimes
	Logger    *slog.Logger
	// Registerer gets the metrics.
	Registerer prometheus.Registerer
}

func (o Options) validate() error {
	var errs []error
	check := func(what, name string) {
		for _, wrong := range validation.IsDNS1123Subdomain(name) {
			errs = append(errs, fmt.Errorf("%s %q: %s", what, name, wrong))
		}
	}
	check("namespace", o.Namespace)
	check("secret", o.Secret)
	for _, name := range o.Configurations {
		check("webhook configuration", name)
	}
	if len(o.Configurations) == 0 {
		errs = append(errs, errors.New("no webhook configuration is named"))
	}
	if len(o.DNSNames) == 0 {
		errs = append(errs, errors.New("no DNS name is given for the certificate"))
	}
	return errors.Join(append(errs, o.Lifetimes.validate())...)
}

// Manager keeps the authority, the published bundles and the served certificate. Run does the work; the other methods
// are safe for concurrent use.
type Manager struct {
	options Options
	metrics *metrics
	cluster cluster

	secret         *cell[corev1.Secret]
	configurations map[string]*configurationCell
	// wake is written to when a cell changed.
	wake chan struct{}

	// serving is what is served, nil until the API server trusts something.
	serving atomic.Pointer[leaf]
	// published is what was published when Run last looked.
	published atomic.Pointer[published]

	// What follows belongs to Run alone.

	// authority is the last one in the Secret that could be used. It outlives the Secret.
	authority *authority
	// pending is signed and not served yet.
	pending *leaf
	// since is from when on every entry has had an authority, by its bytes, as far as this process has seen.
	since map[string]time.Time
	// remembered is what was published when last there was anything.
	remembered []*x509.Certificate
	// written are the resourceVersions that this process has replaced and not seen replaced yet.
	written    map[string]write
	complaints *complaints
}

// write is a write that has succeeded.
type write struct {
	over string
	at   time.Time
}

// New returns a Manager that does nothing until Run is called. The error names all that is wrong with the options.
func New(o Options) (*Manager, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	cluster, err := newRealCluster(o.Config, o.Namespace, o.Secret, o.Logger)
	if err != nil {
		return nil, err
	}
	metrics, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	return newManager(o, metrics, cluster), nil
}

func newManager(o Options, metrics *metrics, c cluster) *Manager {
	m := &Manager{
		options:        o,
		metrics:        metrics,
		cluster:        c,
		configurations: map[string]*configurationCell{},
		wake:           make(chan struct{}, 1),
		since:          map[string]time.Time{},
		written:        map[string]write{},
		complaints:     newComplaints(o.Logger, "certificates cannot be kept as they should be, we go on with those there are"),
	}
	changed := func() {
		select {
		case m.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
	m.secret = &cell[corev1.Secret]{changed: changed}
	for _, name := range o.Configurations {
		m.configurations[name] = &configurationCell{changed: changed}
	}
	m.published.Store(&published{missing: o.Configurations})
	return m
}

// GetCertificate is for tls.Config. It fails until the API server trusts a certificate of ours.
func (m *Manager) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if l := m.serving.Load(); l != nil {
		return l.pair, nil
	}
	return nil, errors.New("there is no certificate yet that the API server trusts")
}

// Ready returns why the API server would not accept what is served now, or nil.
func (m *Manager) Ready() error {
	l := m.serving.Load()
	if l == nil {
		return m.waitingFor()
	}
	return m.Trusts(l.certificate())
}

// Trusts returns why the API server would not accept a certificate from us now, or nil: the published bundle of every
// entry must verify it.
func (m *Manager) Trusts(c *x509.Certificate) error {
	return m.published.Load().trusts(c, m.options.DNSNames, time.Now())
}

// waitingFor says what is missing before the first certificate can be served.
func (m *Manager) waitingFor() error {
	name := m.options.Namespace + "/" + m.options.Secret
	switch s, known := m.secret.get(); {
	case !known:
		return fmt.Errorf("the Secret %s was not read yet", name)
	case s == nil:
		return fmt.Errorf("the Secret %s does not exist; the chart renders it empty", name)
	}
	if missing := m.published.Load().missing; len(missing) > 0 {
		return fmt.Errorf("the MutatingWebhookConfigurations %q do not exist or were not read yet", missing)
	}
	return errors.New("no certificate was served yet: the certificate authority is not published in every webhook configuration")
}

// Run watches the Secret and the configurations, and keeps authority, bundles and certificate until ctx ends. Errors of
// the Kubernetes API are logged, counted and tried again; they never end it. Call it once.
func (m *Manager) Run(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { m.cluster.watch(ctx, m.secret, m.configurations) })

	failures := 0
	for ctx.Err() == nil {
		next, err := m.step(ctx, time.Now())
		if ctx.Err() != nil {
			return
		}
		m.complaints.about(err, time.Now())
		if err == nil {
			failures = 0
		} else {
			next = min(next, retryAfter(failures))
			failures++
		}
		timer := time.NewTimer(max(next, time.Millisecond))
		select {
		case <-ctx.Done():
		case <-m.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// retryAfter returns how long to wait after so many failures before this one, with up to a half taken off so that
// replicas do not come all at once.
func retryAfter(failures int) time.Duration {
	wait := lastRetry
	if failures < 6 {
		wait = min(lastRetry, firstRetry<<failures)
	}
	return wait - time.Duration(rand.Int64N(int64(wait/2))) //nolint:gosec // nobody gains from guessing it
}

// step looks at everything and does what is due now. It returns how long nothing will be due, unless something changes
// before. What cannot be done keeps nothing else from being done.
func (m *Manager) step(ctx context.Context, now time.Time) (next time.Duration, err error) {
	m.look(now)
	err = errors.Join(
		m.keepAuthority(ctx, now),
		m.publish(ctx, now),
		m.prepare(now),
	)
	m.swap(now)
	m.report()
	return m.nextStep(now), err
}

// look reads what the watches brought.
func (m *Manager) look(now time.Time) {
	p := &published{}
	for _, name := range m.options.Configurations {
		if c, _ := m.configurations[name].get(); c != nil {
			p.read(c)
		} else {
			p.missing = append(p.missing, name)
		}
	}
	m.published.Store(p)

	since := map[string]time.Time{}
	for _, c := range p.everywhere() {
		since[string(c.Raw)] = now
		if before, ok := m.since[string(c.Raw)]; ok {
			since[string(c.Raw)] = before
		}
	}
	m.since = since
}

// publishedFor returns how long every entry has had an authority.
func (m *Manager) publishedFor(c *x509.Certificate, now time.Time) (d time.Duration, ok bool) {
	since, ok := m.since[string(c.Raw)]
	return now.Sub(since), ok
}

// nextStep returns how long nothing will be due.
func (m *Manager) nextStep(now time.Time) time.Duration {
	next := lookAgainAfter
	due := func(at time.Time) {
		if wait := at.Sub(now); wait > 0 {
			next = min(next, wait)
		}
	}
	if a := m.authority; a != nil {
		due(renewAt(a.certificate, m.options.Lifetimes.CA))
	}
	if l := m.serving.Load(); l != nil {
		due(renewAt(l.certificate(), m.options.Lifetimes.Leaf))
		due(l.certificate().NotAfter)
	}
	// Whatever is held or settles does so a fixed time after its publication.
	for _, since := range m.since {
		due(since.Add(m.options.Lifetimes.Hold))
		due(since.Add(m.options.Lifetimes.settle()))
	}
	return next
}

// report brings the gauges up to date.
func (m *Manager) report() {
	l := m.serving.Load()
	trusted := l != nil && m.Trusts(l.certificate()) == nil
	m.metrics.setTrusted(trusted)
	if l != nil {
		m.metrics.setLeaf(l.certificate())
	}
	if m.authority != nil {
		m.metrics.setCA(m.authority.certificate)
	}
}

// names lists authorities in log lines by their serial numbers.
func names(all []*x509.Certificate) []string {
	var serials []string
	for _, c := range all {
		serials = append(serials, serial(c))
	}
	return slices.Clip(serials)
}

func serial(c *x509.Certificate) string { return c.SerialNumber.Text(16) }
