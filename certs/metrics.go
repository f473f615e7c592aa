package certs

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of this package.
type Metrics struct {
	notAfter  prometheus.Gauge
	succeeded prometheus.Counter
	failed    prometheus.Counter
}

// NewMetrics registers the metrics of this package.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "probe_injector_certificate_reloads_total",
		Help: "Certificate files that were read at the start or because they changed, by result (success: they are served; error: the pair before them stays).",
	}, []string{"result"})
	m := &Metrics{
		notAfter: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_certificate_not_after_timestamp_seconds",
			Help: "When the certificate that is served expires, in seconds since 1970.",
		}),
		succeeded: reloads.WithLabelValues("success"),
		failed:    reloads.WithLabelValues("error"),
	}
	var errs []error
	for _, c := range []prometheus.Collector{reloads, m.notAfter} {
		if err := r.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("certs: registering metrics: %w", err))
		}
	}
	return m, errors.Join(errs...)
}
