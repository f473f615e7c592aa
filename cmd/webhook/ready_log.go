package main

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Reasons can change with each look, for example by the port of a connection that failed, and anyone in the cluster may look.
const (
	firstReadyLines   = 5
	readyLineInterval = 30 * time.Second
)

// readyLog writes why we are not ready, whenever that is another reason than the one it wrote last: the kubelet's event says
// no more than the status code of the answer (k8s.io/kubernetes/pkg/probe/http).
type readyLog struct {
	logger *slog.Logger
	lines  *rate.Limiter

	mutex sync.Mutex
	// begun is false until the first look, and said is what was written last; empty is that we are ready.
	begun bool
	said  string
}

func newReadyLog(logger *slog.Logger) *readyLog {
	return &readyLog{logger: logger, lines: rate.NewLimiter(rate.Every(readyLineInterval), firstReadyLines)}
}

// saw takes what a look has found. What there is no line left for is written at a later look, if it is still so.
func (l *readyLog) saw(err error) {
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if (l.begun && reason == l.said) || !l.lines.Allow() {
		return
	}
	l.begun, l.said = true, reason
	if err != nil {
		l.logger.Warn("not ready", "reason", reason)
		return
	}
	l.logger.Info("ready")
}
