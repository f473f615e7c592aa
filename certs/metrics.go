package certs

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are those of certificates that are read from files.
type Metrics struct {
	notAfter  prometheus.Gauge
	notBefore prometheus.Gauge
	succeeded prometheus.Counter
	failed    prometheus.Counter
}

// NewMetrics registers the metrics of certificates that are read from files.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "probe_injector_certificate_reloads_total",
		Help: "Certificate files that were read at the start or because they changed, by result (success: they are served; error: the pair before them stays).",
	}, []string{"result"})
	m := &Metrics{
		notAfter: NewNotAfter(),
		notBefore: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_certificate_not_before_timestamp_seconds",
			Help: "Since when the certificate that is served is valid, in seconds since 1970. Only with --cert-dir.",
		}),
		succeeded: reloads.WithLabelValues("success"),
		failed:    reloads.WithLabelValues("error"),
	}
	return m, register(r, reloads, m.notAfter, m.notBefore)
}

// NewNotAfter returns the metric of the served certificate's end, for the package that serves it.
func NewNotAfter() prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "probe_injector_certificate_not_after_timestamp_seconds",
		Help: "When the certificate that is served expires, in seconds since 1970.",
	})
}

func register(r prometheus.Registerer, all ...prometheus.Collector) error {
	var errs []error
	for _, c := range all {
		if err := r.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("certs: registering metrics: %w", err))
		}
	}
	return errors.Join(errs...)
}
