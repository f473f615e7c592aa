package webhook

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// metrics are all metrics of this package. Every label has a closed set of values, none of which comes from a
// request: anyone who reaches our port could otherwise fill the memory of Prometheus.
type metrics struct {
	reviews            map[routeLabel]map[result]prometheus.Counter
	errors             map[stage]prometheus.Counter
	probesInjected     *prometheus.CounterVec
	skips              *prometheus.CounterVec
	seconds            prometheus.Histogram
	inFlight           prometheus.Gauge
	bytesInFlight      prometheus.Gauge
	draining           prometheus.Gauge
	statusOmitted      prometheus.Counter
	logLinesSuppressed prometheus.Counter
}

// secondsBuckets begin where a usual review ends up, 50 µs, and end above the API server's patience with a queue.
func secondsBuckets() []float64 {
	return []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}
}

// newMetrics registers all metrics, with every series that is known beforehand at 0.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	reviews := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "probe_injector_reviews_total",
		Help: "Admission reviews, by route (annotated: Pods with an annotation of probe-injector.dev; rules: other Pods; preflight: workloads that people apply) and result.",
	}, []string{"route", "result"})
	failures := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "probe_injector_errors_total",
		Help: "Reviews that the server failed to answer, by the stage at which it did: overload (budget, slot) or a bug (patch, encode, panic).",
	}, []string{"stage"})
	rejections := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "probe_injector_rejected_requests_total",
		Help: "Requests that no API server sends, by what is wrong with them. Anyone who reaches the port can cause them.",
	}, []string{"stage"})
	m := &metrics{
		probesInjected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probe_injector_probes_injected_total",
			Help: "Probes added to containers, by kind of probe, handler (http, tcp, grpc, exec) and the source that the handler came from.",
		}, []string{"probe", "handler", "source"}),
		skips: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probe_injector_skips_total",
			Help: "Probes, containers or Pods that were considered and got nothing, by reason.",
		}, []string{"reason"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "probe_injector_review_seconds",
			Help:    "Time from the headers of a request to its answer.",
			Buckets: secondsBuckets(),
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_reviews_in_flight",
			Help: "Requests that are being read or answered now.",
		}),
		bytesInFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_bytes_in_flight",
			Help: "Bytes held for reviews now, of the --max-in-flight-bytes that all of them share.",
		}),
		draining: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_draining",
			Help: "1 while the process answers the last reviews before it ends, else 0.",
		}),
		statusOmitted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probe_injector_status_omitted_total",
			Help: "Pods without the status annotation, because all annotations would have exceeded 256 KiB.",
		}),
		logLinesSuppressed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probe_injector_log_lines_suppressed_total",
			Help: "Log lines about reviews that were not written, because there were too many in a second.",
		}),
	}
	m.initialise(reviews, failures, rejections)

	var errs []error
	for _, c := range []prometheus.Collector{
		reviews, failures, rejections, m.probesInjected, m.skips, m.seconds, m.inFlight, m.bytesInFlight, m.draining,
		m.statusOmitted, m.logLinesSuppressed,
	} {
		if err := r.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("webhook: registering metrics: %w", err))
		}
	}
	return m, errors.Join(errs...)
}

// initialise creates the series and keeps those that every review counts.
func (m *metrics) initialise(reviews, failures, rejections *prometheus.CounterVec) {
	m.reviews = map[routeLabel]map[result]prometheus.Counter{}
	for d, all := range map[routeLabel][]result{routeAnnotated: results(), routeRules: results(), routePreflight: preflightResults()} {
		m.reviews[d] = map[result]prometheus.Counter{}
		for _, r := range all {
			m.reviews[d][r] = reviews.WithLabelValues(string(d), string(r))
		}
	}
	m.errors = map[stage]prometheus.Counter{}
	for _, s := range failureStages() {
		m.errors[s] = failures.WithLabelValues(string(s))
	}
	for _, s := range rejectionStages() {
		m.errors[s] = rejections.WithLabelValues(string(s))
	}
	for _, described := range reason.Table() {
		m.skips.WithLabelValues(string(described.Reason))
	}
	for _, kind := range []probe.Kind{probe.Startup, probe.Liveness, probe.Readiness} {
		for _, handler := range []string{string(probe.HTTP), string(probe.TCP), string(probe.GRPC), string(probe.Exec)} {
			for _, source := range []policy.Source{policy.SourceAnnotation, policy.SourceProfile, policy.SourceEvidence, policy.SourceInference} {
				m.probesInjected.WithLabelValues(string(kind), handler, string(source))
			}
		}
	}
}

// observe counts one answer.
func (m *metrics) observe(a answer, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	if c, ok := m.errors[a.stage]; ok {
		c.Inc()
	}
	if c, ok := m.reviews[a.route.label][a.result]; ok {
		c.Inc()
	}
}

// decided counts what a decision holds.
func (m *metrics) decided(d *policy.Decision, p *patch.Patch) {
	for i := range p.Injections {
		injection := &p.Injections[i]
		m.probesInjected.WithLabelValues(string(injection.Kind), handlerLabel(injection.Probe), string(injection.Source)).Inc()
	}
	for i := range d.Skips {
		m.skips.WithLabelValues(string(d.Skips[i].Reason)).Inc()
	}
	if d.StatusOmitted {
		m.statusOmitted.Inc()
	}
	if p.Contradictions > 0 {
		m.errors[stagePatch].Add(float64(p.Contradictions))
	}
}

// handlerLabel is the handler of a probe as the metric names it: by its kind, so that https counts as http.
func handlerLabel(p *corev1.Probe) string {
	if scheme := probe.HandlerOf(p).Scheme; scheme != probe.HTTPS {
		return string(scheme)
	}
	return string(probe.HTTP)
}
