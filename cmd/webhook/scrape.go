package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"golang.org/x/time/rate"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Scrapes are rare. Anyone may ask for metrics, and gathering them takes a millisecond of CPU: beyond this rate the last
// ones are sent again.
const (
	gathersPerSecond = 20
	gatherBurst      = 20
)

// scrapes answers /metrics.
type scrapes struct {
	from  prometheus.Gatherer
	fresh *rate.Limiter

	mutex sync.Mutex
	last  []byte
}

// metricsHandler serves /metrics, with those that controller-runtime keeps about its webhook server.
func metricsHandler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", &scrapes{from: prometheus.Gatherers{r, ctrlmetrics.Registry}, fresh: rate.NewLimiter(gathersPerSecond, gatherBurst)})
	return mux
}

// ServeHTTP sends what was gathered, which was complete before the first byte is sent: a client that does not read
// keeps nobody else from gathering.
func (s *scrapes) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	text := s.text()
	w.Header().Set("Content-Type", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // nobody is left to tell when that fails
}

func (s *scrapes) text() []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.last != nil && !s.fresh.Allow() {
		return s.last
	}
	// What one collector cannot say must not hide the rest.
	families, err := s.from.Gather()
	if err != nil {
		slog.Warn("some metrics cannot be gathered", "error", err)
	}
	var b bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			slog.Warn("a metric cannot be written", "metric", family.GetName(), "error", err)
		}
	}
	s.last = b.Bytes()
	return s.last
}
