// Package webhook is how a decision reaches the API server: it is the only place that knows the AdmissionReview and
// HTTP status codes. What to inject is decided in package policy, and made a JSON patch in policy/patch; this package
// reads a review, asks, and answers.
//
// Start at [Handler.ServeHTTP], which is the whole path of one review from top to bottom: the route that the request's
// path means; the body, with memory accounted while it arrives; a slot, because only so many reviews are decided at
// once; the decode, straight into the view of a Pod, with memory accounted before it is allocated; the decision and its
// patch, both from [patch.Decide]; the answer, the metrics and the log line.
//
// # Outcomes
//
// The API server applies the failurePolicy of the webhook configuration only when a call fails. Two kinds of answer
// refuse the Pod whatever that policy says: allowed: false, and a patch that does not apply. So this package never
// says the first of a Pod, and the fuzz test FuzzHandler holds it to never sending the second. Our own trouble is an HTTP
// status instead. The table test TestOutcomes has the same rows:
//
//	outcome                                      HTTP  result            patch
//	probes injected                              200   injected          probes, status
//	asked, or a rule matched, nothing to do      200   nothing           status
//	asked, and the annotations are wrong         200   invalid           status
//	neither asked nor matched by a rule          200   unchanged         none
//	audit mode                                   200   audit             none; whoever asked is warned as usual
//	not CREATE of a Pod                          200   not_a_pod_create  none
//	not a path of ours                           404   -                 - (no AdmissionReview in the answer)
//	not POST                                     405   rejected          -
//	not application/json                         415   rejected          -
//	body unreadable, not a review                400   rejected          -
//	body larger than MaxBodyBytes                413   rejected          -
//	overloaded: no memory or slot in time        503   overloaded        -
//	our bug, a panic                             500   error             -
//	draining                                     as above, plus "Connection: close"
//
// Workloads that people apply come to /preflight, on the same path from top to bottom. The decision there is that of
// package preflight, and nothing is ever changed:
//
//	outcome                                      HTTP  result            says
//	nothing is wrong, or nobody is to be told    200   silent            nothing
//	something is wrong                           200   warned            warnings, and the plan if a person asks for it
//	nothing is wrong, and a person asks          200   planned           the plan
//	wrong by this change, in Deny mode           200   denied            allowed: false, with all causes
//	no CREATE or UPDATE of an object with a      200   not_a_workload    nothing
//	template
//
// Every answer other than 200 has a metav1.Status as its JSON body, with one sentence that begins
// "probe-injector:"; the API server shows people nothing of any other body.
package webhook

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// The limits of one request, none of which is worth a flag.
const (
	// MaxBodyBytes is the largest review that is read. The API server accepts objects of up to 3 MiB, as JSON or as
	// denser protobuf, and sends no old object on CREATE: what is larger was not sent by an API server.
	MaxBodyBytes = 8 << 20
	// readTimeout bounds how long a body may take to arrive; the API server itself gives up after timeoutSeconds, 3.
	readTimeout = 5 * time.Second
	// leastTime and leastBytesPerSecond bound how long a body of an announced length may take: the API server's patience
	// for the usual one, whose node may be out of breath.
	leastTime           = 3 * time.Second
	leastBytesPerSecond = 512 << 10
	// largeBody is a body that takes milliseconds to decode. Few are decoded at once, so that others find a CPU.
	largeBody = 64 << 10
	// largeCost is what deciding may cost, in bytes, so that a review does not count as large for it: that of 30 containers.
	largeCost = 1 << 20
	// queueTimeout bounds how long one review may wait for memory and for a slot, together. It leaves most of the API
	// server's 3 seconds to whoever gets a slot at the last moment.
	queueTimeout = 500 * time.Millisecond
)

// Defaults of Options.
const (
	// DefaultMaxInFlightBytes is enough for 1,000 usual reviews at once and for one of the largest.
	DefaultMaxInFlightBytes = 64 << 20
	// minConcurrentReviews is the least that DefaultMaxConcurrentReviews returns.
	minConcurrentReviews = 16
	// reviewsPerCPU is how many reviews DefaultMaxConcurrentReviews allows for each CPU: reviews never wait for
	// anything once they are read, so that more only adds memory.
	reviewsPerCPU = 4
)

// DefaultMaxConcurrentReviews is 4 for each CPU that Go may use, and at least 16.
func DefaultMaxConcurrentReviews() int {
	return max(minConcurrentReviews, reviewsPerCPU*runtime.GOMAXPROCS(0))
}

// Decider answers what to inject into a Pod; *policy.Policy is one. It must be safe for concurrent use.
type Decider interface {
	Decide(policy.Subject) policy.Decision
}

var _ Decider = (*policy.Policy)(nil)

// Options are what a Handler needs. Policy, Logger and Registerer are required.
type Options struct {
	// Policy returns the policy as it is now. It is called once for each review and never returns nil, so that
	// replacing the policy is one swap of a pointer and no review sees half of two.
	Policy func() Decider
	// Logger gets one line for each decision that matters, limited by LogLinesPerSecond.
	Logger *slog.Logger
	// Registerer gets the metrics of this package.
	Registerer prometheus.Registerer
	// MaxConcurrentReviews is how many reviews are decided at once; 0 means DefaultMaxConcurrentReviews.
	MaxConcurrentReviews int
	// MaxInFlightBytes bounds the memory of all bodies that are being read and decided; 0 means
	// DefaultMaxInFlightBytes. At least 2 × MaxBodyBytes: a review and what is copied out of it.
	MaxInFlightBytes int64
	// InjectedLabel adds the label probe-injector.dev/injected=true to every Pod that gets a probe, for tools that select
	// by labels.
	InjectedLabel bool
	// Preflight is how workloads are judged, at PathPreflight.
	Preflight preflight.Options
	// LogLinesPerSecond bounds the log lines of each kind (a result, a request that is no review) about one client; 0 means
	// 20. All clients together may cause twice as many, and bursts of ten times as many pass.
	LogLinesPerSecond float64
}

// Handler answers admission reviews. It implements http.Handler and needs no other path prefix than "/mutate/".
// It never looks at the request's context: controller-runtime cancels all of them at the moment in which the server
// stops, when the reviews that have arrived must still be answered.
type Handler struct {
	policy   func() Decider
	decoders sync.Pool
	memory   memory
	// slots are for all reviews, and largeSlots for those with a large body beside.
	slots, largeSlots *limit
	metrics           *metrics
	log               *reviewLog
	label             bool
	// preflightOptions are those of Options.
	preflightOptions preflight.Options
	draining         atomic.Bool
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler, or an error that names every option that is missing or out of range.
func New(o Options) (*Handler, error) {
	if o.MaxConcurrentReviews == 0 {
		o.MaxConcurrentReviews = DefaultMaxConcurrentReviews()
	}
	if o.MaxInFlightBytes == 0 {
		o.MaxInFlightBytes = DefaultMaxInFlightBytes
	}
	if o.LogLinesPerSecond == 0 {
		o.LogLinesPerSecond = defaultLogLinesPerSecond
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	return &Handler{
		policy: o.Policy,
		memory: newMemory(o.MaxInFlightBytes, m.bytesInFlight),
		slots:  newLimit(int64(o.MaxConcurrentReviews), nil),
		// Half of the CPUs, so that the usual reviews always have the other half.
		largeSlots: newLimit(int64(max(1, runtime.GOMAXPROCS(0)/2)), nil),
		metrics:    m,
		label:      o.InjectedLabel,

		preflightOptions: o.Preflight,

		log: newReviewLog(o.Logger, o.LogLinesPerSecond, m.logLinesSuppressed),
	}, nil
}

func (o Options) validate() error {
	var errs []error
	if o.Policy == nil {
		errs = append(errs, errors.New("webhook: no policy"))
	}
	if o.Logger == nil {
		errs = append(errs, errors.New("webhook: no logger"))
	}
	if o.Registerer == nil {
		errs = append(errs, errors.New("webhook: no metrics registerer"))
	}
	if o.MaxConcurrentReviews < 0 {
		errs = append(errs, errors.New("webhook: the number of concurrent reviews must be positive"))
	}
	if o.MaxInFlightBytes < 2*MaxBodyBytes {
		errs = append(errs, errors.New("webhook: the bytes in flight must be at least 16777216 (16 MiB), or a large review would never fit"))
	}
	if o.LogLinesPerSecond < 0 {
		errs = append(errs, errors.New("webhook: the number of log lines a second must be positive"))
	}
	return errors.Join(errs...)
}

// Drain makes every further answer ask the client to close its connection. The API server keeps connections open and
// goes on using those to a replica that is about to end; only the replica itself can send it elsewhere.
func (h *Handler) Drain() {
	h.draining.Store(true)
	h.metrics.draining.Set(1)
}

// ServeHTTP answers one review.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	h.metrics.inFlight.Inc()
	defer h.metrics.inFlight.Dec()

	if h.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	b := h.memory.newBody(waitBudget(queueTimeout))
	b.client = r.RemoteAddr
	defer b.release()
	a := h.answerOrRecover(b, w, r)
	h.send(w, r, &a, b)
	h.metrics.observe(a, time.Since(begin))
}

// send writes an answer, and holds memory for a large one until the client has read it.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, a *answer, b *body) {
	encoded := a.encode()
	if b.answered(len(encoded)) {
		a.patch = nil
		h.memory.transfers.add(&b.transfer, w, r, true)
		defer h.memory.transfers.remove(&b.transfer)
	}
	a.write(w, encoded)
}

// answerOrRecover turns a panic into the answer 500. Nothing has been written at that moment, because answers are
// complete before they are written.
func (h *Handler) answerOrRecover(b *body, w http.ResponseWriter, r *http.Request) (a answer) {
	defer func() {
		if cause := recover(); cause != nil {
			h.log.panicked(cause, debug.Stack())
			a = refuse(http.StatusInternalServerError, stagePanic, "this is a bug in probe-injector; its log has the details")
			a.route, _ = routeOf(r.URL.Path)
		}
	}()
	return h.answer(b, w, r)
}

// answer is the guard, in the order in which things are cheapest to refuse, and the review behind it.
func (h *Handler) answer(b *body, w http.ResponseWriter, r *http.Request) answer {
	at, ok := routeOf(r.URL.Path)
	if !ok {
		return refuse(http.StatusNotFound, stagePath, "there is nothing at this path; reviews go to /mutate/annotated, /mutate/rules/<group> and /preflight")
	}
	a := h.answerAt(at, b, w, r)
	a.route = at
	if a.stage == stageDecode {
		h.log.undecodable(r.RemoteAddr, at, a.message)
	}
	return a
}

func (h *Handler) answerAt(at route, b *body, w http.ResponseWriter, r *http.Request) answer {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return refuse(http.StatusMethodNotAllowed, stageMethod, "a review is sent by POST")
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return refuse(http.StatusUnsupportedMediaType, stageContentType, "a review is sent as application/json")
	}
	if r.ContentLength > MaxBodyBytes {
		return refuseSize()
	}
	if refusal, ok := h.read(b, w, r); !ok {
		return refusal
	}
	return h.decide(at, b)
}

// decide decodes what was read and decides, while it has a turn.
func (h *Handler) decide(at route, b *body) answer {
	b.turn = turn{handler: h}
	defer b.turn.end()
	if refusal, ok := b.turn.take(b, len(b.bytes()) > largeBody); !ok {
		return refusal
	}
	if at.label == routePreflight {
		return h.preflight(b)
	}
	req, refusal, ok := decodeWith(h, b, (*decoder).decode)
	if !ok {
		return refusal
	}
	if !req.createsPod() {
		return allow(req, resultNotAPodCreate)
	}
	if refusal, ok := b.afford(decideCost(req.Object)); !ok {
		return refusal
	}
	return h.review(at, req, b)
}

// read reads a body within its time, or returns the answer that refuses the request.
func (h *Handler) read(b *body, w http.ResponseWriter, r *http.Request) (answer, bool) {
	// A writer without deadlines, which only tests have, leaves the limits by bytes in place.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeFor(r.ContentLength)))
	h.memory.transfers.add(&b.transfer, w, r, false)
	refusal, ok := b.read(r.Body, r.ContentLength)
	ended := h.memory.transfers.remove(&b.transfer)
	switch {
	case ok || refusal.stage == stageSize:
	case ended && refusal.stage == stageRead:
		w.Header().Set("Connection", "close")
		return refuse(http.StatusServiceUnavailable, stageBudget, "overloaded, and the body took too long to arrive"), false
	case refusal.stage == stageBudget:
		// A client that is still sending would see a reset instead of the answer. It may go on until the deadline of its
		// body, and holds nothing.
		b.answered(0)
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, MaxBodyBytes))
	}
	return refusal, ok
}

// timeFor is how long a body of an announced length may take to arrive, -1 if there is none.
func timeFor(announced int64) time.Duration {
	if announced < 0 {
		return readTimeout
	}
	return min(readTimeout, leastTime+time.Duration(announced)*time.Second/leastBytesPerSecond)
}

// decodeWith reads the review in a body, or returns the answer that refuses the request.
func decodeWith[R any](h *Handler, b *body, decode func(*decoder, []byte) (*R, error)) (*R, answer, bool) {
	d, ok := h.decoders.Get().(*decoder)
	if !ok {
		d = newDecoder()
	}
	d.begin(b)
	req, err := decode(d, bytes.TrimRight(b.bytes(), " \t\r\n"))
	refusal, refused := d.refusal, d.refused
	d.begin(nil)
	h.decoders.Put(d)
	switch {
	case refused:
		return nil, refusal, false
	case err != nil:
		return nil, refuse(http.StatusBadRequest, stageDecode, err.Error()), false
	}
	return req, answer{}, true
}

// review decides one review and is where everything but HTTP and limits happens.
func (h *Handler) review(at route, req *request, b *body) answer {
	size := len(b.bytes())
	d, p, err := patch.Decide(h.policy(), policy.Subject{Pod: req.Object, Route: at.policyRoute()}, patch.Options{ObjectBytes: size, Label: h.label})
	if err != nil {
		h.log.unencodable(at, err)
		return refuse(http.StatusInternalServerError, stageEncode, "this is a bug in probe-injector; its log has the details")
	}
	h.metrics.decided(&d, &p)

	a := allow(req, resultOf(&d, &p))
	a.patch = p.Operations
	a.warnings = warnings(d.Warnings)
	if d.Mode != v1alpha1.ModeAudit {
		a.injected = injectedList(p.Injections)
		a.reasons = reasonList(d.Skips)
	}
	h.log.decided(b.client, at, req, &d, &p, a.result)
	return a
}
