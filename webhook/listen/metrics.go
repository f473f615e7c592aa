package listen

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// reason is why we closed a connection, the label of probe_injector_connections_closed_total.
type reason string

const (
	// Whoever made room for others when the listener was full.
	reasonMadeRoomSilent reason = "made_room_silent"
	reasonMadeRoomHeader reason = "made_room_header"
	reasonMadeRoomBody   reason = "made_room_body"
	reasonMadeRoomAnswer reason = "made_room_answer"
	// Only the time to read the last answer was cut short.
	reasonMadeRoomFarewell reason = "made_room_farewell"
	// Whoever was answered and asked to go, because there was no room to stay.
	reasonNoRoomToStay reason = "no_room_to_stay"
	// Whoever took too long.
	reasonHeaderTimeout reason = "header_timeout"
	reasonBodyTimeout   reason = "body_timeout"
	reasonAnswerTimeout reason = "answer_timeout"
	// The others.
	reasonHeader              reason = "header_too_large"
	reasonHandshake           reason = "handshake_failed"
	reasonCertificateRejected reason = "certificate_rejected"
)

func reasons() []reason {
	return []reason{
		reasonMadeRoomSilent, reasonMadeRoomHeader, reasonMadeRoomBody, reasonMadeRoomAnswer, reasonMadeRoomFarewell, reasonNoRoomToStay,
		reasonHeaderTimeout, reasonBodyTimeout, reasonAnswerTimeout,
		reasonHeader, reasonHandshake, reasonCertificateRejected,
	}
}

// Metrics are those of all listeners of a process. No label has a value that comes from a client.
type Metrics struct {
	closed *prometheus.CounterVec
	open   *prometheus.Desc

	mutex sync.Mutex
	rooms map[string]*room
}

// NewMetrics registers the metrics of listeners.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probe_injector_connections_closed_total",
			Help: "Connections that the server closed before their client did, by listener (reviews, health, metrics) and reason.",
		}, []string{"listener", "reason"}),
		open: prometheus.NewDesc("probe_injector_connections",
			"Connections that are open now, by listener (reviews, health, metrics) and how far they have come.", []string{"listener", "stage"}, nil),
		rooms: map[string]*room{},
	}
	if err := r.Register(m); err != nil {
		return nil, err
	}
	return m, nil
}

// add returns the counters of a listener, and shows its room from now on.
func (m *Metrics) add(name string, size int) *room {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	counters := closedCounters{}
	for _, why := range reasons() {
		counters[why] = m.closed.WithLabelValues(name, string(why))
	}
	m.rooms[name] = newRoom(size, &counters)
	return m.rooms[name]
}

// Describe is for Prometheus.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	m.closed.Describe(to)
	to <- m.open
}

// Collect is for Prometheus.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.closed.Collect(to)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for name, r := range m.rooms {
		for at, count := range r.stages() {
			to <- prometheus.MustNewConstMetric(m.open, prometheus.GaugeValue, float64(count), name, stageNames[at])
		}
	}
}

// closedCounters are those of one listener.
type closedCounters map[reason]prometheus.Counter

func (c closedCounters) inc(why reason) {
	if counter, ok := c[why]; ok {
		counter.Inc()
	}
}
