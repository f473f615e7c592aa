package selfmanaged

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/certs"
)

// object is a kind of object that a Manager writes, as the label of a metric.
type object string

// The objects that are written.
const (
	objectSecret        object = "secret"
	objectConfiguration object = "webhook_configuration"
)

// writeResult is how a write ended, as the label of a metric.
type writeResult string

// The results of writes.
const (
	resultSuccess  writeResult = "success"
	resultConflict writeResult = "conflict"
	resultError    writeResult = "error"
)

// metrics are those of a Manager.
type metrics struct {
	notAfter, caNotAfter, trusted, entries prometheus.Gauge
	served                                 prometheus.Counter
	writes                                 *prometheus.CounterVec
}

// newMetrics registers the metrics of a Manager.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		notAfter: certs.NewNotAfter(),
		caNotAfter: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_ca_not_after_timestamp_seconds",
			Help: "When the certificate authority in the Secret expires, in seconds since 1970. Only with --tls-secret.",
		}),
		trusted: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_certificate_trusted",
			Help: "1 if the caBundle of every webhook entry for Pods that calls this Service verifies the certificate that is served, else 0. Also 1 where no entry calls it. Only with --tls-secret.",
		}),
		entries: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_webhook_entries",
			Help: "Entries for Pods of the webhook configurations that call this Service. 0 after somebody deleted the configuration, which is the kill switch, or another installation took it over. Only with --tls-secret.",
		}),
		served: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probe_injector_certificates_served_total",
			Help: "Certificates that the server made and put into service, the first one included. Only with --tls-secret.",
		}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probe_injector_certificate_writes_total",
			Help: "Writes of the certificate authority into the Secret, and of bundles into webhook configurations, by result (conflict: another replica was faster). Only with --tls-secret.",
		}, []string{"object", "result"}),
	}
	for _, o := range []object{objectSecret, objectConfiguration} {
		for _, result := range []writeResult{resultSuccess, resultConflict, resultError} {
			m.writes.WithLabelValues(string(o), string(result))
		}
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.notAfter, m.caNotAfter, m.trusted, m.entries, m.served, m.writes} {
		if err := r.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("registering metrics: %w", err))
		}
	}
	return m, errors.Join(errs...)
}

// setLeaf takes over the end of the certificate that is served.
func (m *metrics) setLeaf(c *x509.Certificate) { m.notAfter.Set(float64(c.NotAfter.Unix())) }

// setCA takes over the end of the authority that signs.
func (m *metrics) setCA(c *x509.Certificate) { m.caNotAfter.Set(float64(c.NotAfter.Unix())) }

// setTrusted records whether the API server trusts the certificate that is served.
func (m *metrics) setTrusted(trusted bool) {
	value := 0.
	if trusted {
		value = 1
	}
	m.trusted.Set(value)
}

// setEntries records how many entries call us.
func (m *metrics) setEntries(n int) { m.entries.Set(float64(n)) }

// wrote counts a write.
func (m *metrics) wrote(o object, r writeResult) {
	m.writes.WithLabelValues(string(o), string(r)).Inc()
}
