package certs

import (
	"crypto/x509"

	"github.com/prometheus/client_golang/prometheus"
)

// Object is a kind of object that the package selfmanaged writes.
type Object string

// The objects that are written.
const (
	ObjectSecret        Object = "secret"
	ObjectConfiguration Object = "webhook_configuration"
)

// WriteResult is how a write ended.
type WriteResult string

// The results of writes.
const (
	Written    WriteResult = "success"
	Conflicted WriteResult = "conflict"
	Failed     WriteResult = "error"
)

// SelfManagedMetrics are those of the package selfmanaged. They stand here so that the metric of the served
// certificate's end is one for both kinds of certificates.
type SelfManagedMetrics struct {
	notAfter, caNotAfter, trusted prometheus.Gauge
	served                        prometheus.Counter
	writes                        *prometheus.CounterVec
}

// NewSelfManagedMetrics registers the metrics of certificates that we make ourselves.
func NewSelfManagedMetrics(r prometheus.Registerer) (*SelfManagedMetrics, error) {
	m := &SelfManagedMetrics{
		notAfter: newNotAfter(),
		caNotAfter: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_ca_not_after_timestamp_seconds",
			Help: "When the certificate authority in the Secret expires, in seconds since 1970. Only with --tls-secret.",
		}),
		trusted: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_certificate_trusted",
			Help: "1 if the caBundle of every entry of our webhook configurations verifies the certificate that is served, else 0. Only with --tls-secret.",
		}),
		served: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probe_injector_certificates_served_total",
			Help: "Certificates of our own making that were put into service, the first one included. Only with --tls-secret.",
		}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probe_injector_certificate_writes_total",
			Help: "Writes of the certificate authority into the Secret, and of bundles into webhook configurations, by result (conflict: another replica was faster). Only with --tls-secret.",
		}, []string{"object", "result"}),
	}
	for _, object := range []Object{ObjectSecret, ObjectConfiguration} {
		for _, result := range []WriteResult{Written, Conflicted, Failed} {
			m.writes.WithLabelValues(string(object), string(result))
		}
	}
	return m, register(r, m.notAfter, m.caNotAfter, m.trusted, m.served, m.writes)
}

// SetLeaf is told of the certificate that is served.
func (m *SelfManagedMetrics) SetLeaf(c *x509.Certificate) {
	m.notAfter.Set(float64(c.NotAfter.Unix()))
}

// SetCA is told of the authority that signs.
func (m *SelfManagedMetrics) SetCA(c *x509.Certificate) { m.caNotAfter.Set(float64(c.NotAfter.Unix())) }

// SetTrusted is told whether the API server trusts what is served.
func (m *SelfManagedMetrics) SetTrusted(trusted bool) {
	value := 0.
	if trusted {
		value = 1
	}
	m.trusted.Set(value)
}

// Served is told of a certificate that was put into service.
func (m *SelfManagedMetrics) Served() { m.served.Inc() }

// Wrote is told of a write and how it ended.
func (m *SelfManagedMetrics) Wrote(o Object, r WriteResult) {
	m.writes.WithLabelValues(string(o), string(r)).Inc()
}
