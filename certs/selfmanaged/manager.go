package selfmanaged

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// resyncInterval is how often Run takes its steps without a change. It costs some parsing of what is in memory.
	resyncInterval = 10 * time.Second
	// After an error the next attempt waits for firstRetry, then twice as long each time, up to lastRetry.
	firstRetry, lastRetry = 200 * time.Millisecond, 10 * time.Second
)

// Manager keeps the authority, the published bundles and the served certificate. Run does the work; the other methods
// are safe for concurrent use.
type Manager struct {
	options Options
	metrics *metrics
	cluster cluster

	secret *secretStore
	// refs are the configurations in the order of the options.
	refs           []configurationRef
	configurations map[configurationRef]*configurationStore
	// wake is written to when a store changed.
	wake chan struct{}

	// serving is the certificate that is served, nil until the API server trusts one.
	serving atomic.Pointer[leaf]
	// published is what was published at Run's last step.
	published atomic.Pointer[published]

	// What follows belongs to Run alone.

	// authority is the last one in the Secret that could be used. It outlives the Secret.
	authority *authority
	// pending is signed and not served yet.
	pending *leaf
	history history
	// lastPublished is what was published when last there was anything.
	lastPublished []*x509.Certificate
	// toRepeat are the publications of this process that are to be written once more.
	toRepeat map[configurationRef]publication
	// written are the last writes of this process, by the object.
	written map[string]write
	// limits are on the writes of this process, by the object; publications and undone are on the lines about them.
	limits               map[string]*rate.Limiter
	publications, undone *rate.Sometimes
	// uncalled is whether no entry calls us, and the log says so.
	uncalled bool
	errorLog *errorLog
}

// New returns a Manager that does nothing until Run is called. The error names all that is wrong with the options.
func New(o Options) (*Manager, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	cluster, err := newAPICluster(o.Config, o.Namespace, o.Secret, o.Logger)
	if err != nil {
		return nil, err
	}
	metrics, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	return newManager(o, o.configurations(), metrics, cluster), nil
}

func newManager(o Options, configurations []configurationRef, metrics *metrics, c cluster) *Manager {
	m := &Manager{
		options:        o,
		metrics:        metrics,
		cluster:        c,
		configurations: map[configurationRef]*configurationStore{},
		wake:           make(chan struct{}, 1),
		history:        history{dropped: map[string]bool{}},
		toRepeat:       map[configurationRef]publication{},
		written:        map[string]write{},
		limits:         map[string]*rate.Limiter{},
		publications:   &rate.Sometimes{First: 5 * writeBurst, Interval: repeatAfter},
		undone:         &rate.Sometimes{Interval: repeatAfter},
		errorLog:       newErrorLog(o.Logger, "certificates cannot be kept as they should be, we go on with those there are"),
	}
	changed := func() {
		select {
		case m.wake <- struct{}{}:
		default: // Run is about to look anyway.
		}
	}
	m.secret = &secretStore{read: readSecret, changed: changed}
	for _, r := range configurations {
		m.configurations[r] = &configurationStore{read: r.kind.read, changed: changed}
	}
	m.refs = configurations
	m.published.Store(&published{unread: slices.DeleteFunc(slices.Clone(configurations), func(r configurationRef) bool { return r.kind.isOptional })})
	return m
}

// GetCertificate is for tls.Config. It fails until the API server trusts a certificate.
func (m *Manager) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if l := m.serving.Load(); l != nil {
		return l.pair, nil
	}
	return nil, errors.New("there is no certificate yet that the API server trusts")
}

// Ready returns why the API server would reject the certificate that is served now, or nil, also where no entry calls us:
// a person who deletes the configuration wants no calls, and nothing is wrong with this process.
func (m *Manager) Ready() error {
	l := m.serving.Load()
	if l == nil {
		return m.waitingFor()
	}
	return m.Trusts(l.certificate())
}

// Trusts returns why the API server would reject a certificate now, or nil: the published bundle of every entry that calls
// us must verify it.
func (m *Manager) Trusts(c *x509.Certificate) error {
	return m.published.Load().trusts(c, m.options.DNSNames, m.options.Now())
}

// waitingFor returns what is missing before the first certificate can be served.
func (m *Manager) waitingFor() error {
	switch s, known := m.secret.get(); {
	case !known:
		return fmt.Errorf("the Secret %s was not read yet", m.secretName())
	case s == nil:
		return fmt.Errorf("the Secret %s does not exist; the chart renders it empty", m.secretName())
	}
	if unread := m.published.Load().unread; len(unread) > 0 {
		return unreadError(unread)
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
		next, err := m.step(ctx, m.options.Now())
		if ctx.Err() != nil {
			return
		}
		m.errorLog.record(err)
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

// step does what is due now. It returns how long nothing will be due, unless something changes before. An error in one
// part does not keep the others from being done.
func (m *Manager) step(ctx context.Context, now time.Time) (next time.Duration, err error) {
	m.observe(now)
	err = errors.Join(
		m.keepAuthority(ctx, now),
		m.publish(ctx, now),
		m.prepare(now),
	)
	if m.swap(now) {
		// What was served may be of an authority that is not the current one any more. Then nothing else wakes us for the
		// next certificate.
		err = errors.Join(err, m.prepare(now))
		m.swap(now)
	}
	m.report()
	return m.nextStep(now), err
}

// observe reads what the watches brought.
func (m *Manager) observe(now time.Time) {
	p := &published{}
	for _, r := range m.refs {
		switch c, known := m.configurations[r].get(); {
		case c != nil:
			p.add(c, m.options.DNSNames)
		case !known && !r.kind.isOptional:
			p.unread = append(p.unread, r)
		}
	}
	m.published.Store(p)
	m.history.observe(p, now)
	m.tellWhetherCalled(p)
}

// tellWhetherCalled logs when the last entry that calls us is gone, and when there is one again.
func (m *Manager) tellWhetherCalled(p *published) {
	uncalled := len(p.entries) == 0 && len(p.unread) == 0
	if uncalled == m.uncalled {
		return
	}
	m.uncalled = uncalled
	if uncalled {
		m.options.Logger.Warn("no entry of the webhook configurations calls this Service, so that no Pod gets probes from it",
			"configurations", m.options.Configurations, "called", p.others)
		return
	}
	m.options.Logger.Info("entries of the webhook configurations call this Service", "entries", len(p.entries))
}

// nextStep returns how long nothing will be due.
func (m *Manager) nextStep(now time.Time) time.Duration {
	next := resyncInterval
	due := func(at time.Time) {
		if wait := at.Sub(now); wait > 0 {
			next = min(next, wait)
		}
	}
	for _, l := range m.limits {
		if l.TokensAt(now) < 1 {
			next = min(next, writeInterval)
		}
	}
	if a := m.authority; a != nil {
		due(renewAt(a.certificate, m.options.Lifetimes.CA))
	}
	if l := m.serving.Load(); l != nil {
		due(renewAt(l.certificate(), m.options.Lifetimes.Leaf))
		due(l.certificate().NotAfter)
	}
	for _, p := range m.toRepeat {
		due(p.at.Add(publishAgainAfter))
	}
	// Whatever is held waits for a fixed time after its publication.
	for _, since := range m.history.publishedSince {
		due(since.Add(m.options.Lifetimes.Hold))
	}
	return next
}

// report brings the gauges up to date.
func (m *Manager) report() {
	l := m.serving.Load()
	trusted := l != nil && m.Trusts(l.certificate()) == nil
	m.metrics.setTrusted(trusted)
	m.metrics.setEntries(len(m.published.Load().entries))
	if l != nil {
		m.metrics.setLeaf(l.certificate())
	}
	if m.authority != nil {
		m.metrics.setCA(m.authority.certificate)
	}
}
