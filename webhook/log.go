package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const (
	// defaultLogLinesPerSecond is far above the usual rate of Pod creations and far below what a log pipeline minds.
	defaultLogLinesPerSecond = 20
	// logBurst is how many seconds' worth of lines may come at once, for example when a Deployment is scaled up.
	logBurst = 10
	// panicsPerSecond limits the lines that carry a stack.
	panicsPerSecond = 1
	// maxLogged bounds what a line quotes of a request, in bytes. It is the longest name of a Pod, and keeps those who
	// reach our port without being the API server from filling the log.
	maxLogged = 253
)

// reviewLog writes a line for each decision that matters. A line holds names, reasons and counts, the key of a wrong
// annotation and what is wrong with it, and never the value of an annotation or anything else of a Pod's content.
type reviewLog struct {
	logger *slog.Logger
	// lines are about decisions, by result; rejections about requests that are no review; bugs about ours.
	lines            map[result]*fairLimiter
	rejections, bugs *fairLimiter
	panics           *rate.Limiter
	suppressed       prometheus.Counter
}

func newReviewLog(logger *slog.Logger, perSecond float64, suppressed prometheus.Counter) *reviewLog {
	l := &reviewLog{
		logger:     logger,
		lines:      map[result]*fairLimiter{},
		rejections: newFairLimiter(perSecond),
		bugs:       newFairLimiter(perSecond),
		panics:     rate.NewLimiter(panicsPerSecond, logBurst),
		suppressed: suppressed,
	}
	for _, r := range slices.Concat(results(), preflightResults()) {
		l.lines[r] = newFairLimiter(perSecond)
	}
	return l
}

// passes reports whether a line may be written now, and counts it if not.
func (l *reviewLog) passes(limiter *fairLimiter, client string, level slog.Level) bool {
	return l.logger.Enabled(context.Background(), level) && l.counted(limiter.allow(client))
}

// counted counts a line that may not be written.
func (l *reviewLog) counted(may bool) bool {
	if may {
		return true
	}
	l.suppressed.Inc()
	return false
}

// decided writes the line of one decision. Pods that nobody asked about have none.
func (l *reviewLog) decided(client string, at route, req *request, d *policy.Decision, p *patch.Patch, r result) {
	if p.Contradictions > 0 && l.passes(l.bugs, client, slog.LevelError) {
		l.logger.Error("the decision does not fit its Pod, which is a bug", "uid", clip(req.UID), "namespace", clip(req.Namespace), "left_out", p.Contradictions)
	}
	if r == resultUnchanged || !l.passes(l.lines[r], client, slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 14)
	attrs = append(attrs,
		slog.String("result", string(r)),
		slog.String("route", string(at.label)),
		slog.String("uid", clip(req.UID)),
		slog.String("namespace", clip(req.Namespace)),
	)
	attrs = append(attrs, podAttrs(req)...)
	attrs = appendIfSet(attrs, "rule", d.Rule)
	injections := p.Injections
	if r == resultAudit {
		injections = d.Injections
	}
	attrs = appendIfSet(attrs, "injected", injectedList(injections))
	attrs = appendIfSet(attrs, "reasons", reasonList(d.Skips))
	if len(d.Errors) > 0 {
		attrs = append(attrs, slog.Int("mistakes", len(d.Errors)), slog.String("mistake", clip(d.Mistake)))
	}
	if d.StatusOmitted {
		attrs = append(attrs, slog.Bool("status_omitted", true))
	}
	if req.DryRun {
		attrs = append(attrs, slog.Bool("dry_run", true))
	}
	l.logger.LogAttrs(context.Background(), slog.LevelInfo, "review", attrs...)
}

// podAttrs name the Pod and its controller. A Pod that a controller makes has no name yet, only the beginning of one.
func podAttrs(req *request) []slog.Attr {
	var attrs []slog.Attr
	meta := req.Object.Metadata
	if meta == nil {
		meta = &workload.ObjectMeta{}
	}
	if meta.Name != "" {
		attrs = append(attrs, slog.String("pod", clip(meta.Name)))
	} else {
		attrs = appendIfSet(attrs, "generate_name", meta.GenerateName)
	}
	for _, owner := range meta.OwnerReferences {
		if owner.Controller != nil && *owner.Controller {
			attrs = append(attrs, slog.String("owner", clip(owner.Kind+"/"+owner.Name)))
			break
		}
	}
	return attrs
}

// preflight writes the line of a workload about which somebody was told something.
func (l *reviewLog) preflight(client string, req *preflightRequest, refusals int, r result) {
	if r == resultSilent || !l.passes(l.lines[r], client, slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{
		slog.String("result", string(r)),
		slog.String("route", string(routePreflight)),
		slog.String("uid", clip(req.UID)),
		slog.String("namespace", clip(req.Namespace)),
		slog.String("workload", clip(req.Kind.Kind+"/"+req.name())),
	}
	if refusals > 0 {
		attrs = append(attrs, slog.Int("mistakes", refusals))
	}
	if req.DryRun {
		attrs = append(attrs, slog.Bool("dry_run", true))
	}
	l.logger.LogAttrs(context.Background(), slog.LevelInfo, "preflight", attrs...)
}

// undecodable writes the line of a request that was no review.
func (l *reviewLog) undecodable(client string, at route, why string) {
	if l.passes(l.rejections, client, slog.LevelWarn) {
		l.logger.Warn("request is no review", "route", string(at.label), "why", clip(why))
	}
}

// unencodable writes the line of a decision that could not be sent.
func (l *reviewLog) unencodable(at route, err error) {
	if l.passes(l.bugs, "", slog.LevelError) {
		l.logger.Error("the decision could not be encoded, which is a bug", "route", string(at.label), "error", clip(err.Error()))
	}
}

// panicked writes the line of a panic.
func (l *reviewLog) panicked(cause any, stack []byte) {
	if l.counted(l.panics.Allow()) {
		l.logger.Error("panic in a review, which is a bug", "panic", clip(fmt.Sprint(cause)), "stack", string(stack))
	}
}

func appendIfSet(attrs []slog.Attr, key, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(key, clip(value)))
}

// clip cuts what a request says about itself to maxLogged bytes.
func clip(s string) string {
	if len(s) > maxLogged {
		return text.TruncateBytes(s, maxLogged)
	}
	return s
}
