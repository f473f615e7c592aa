package main

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// What net/http says about connections is worth a line, above all failed handshakes: they are how a wrong caBundle
// shows here. But anyone who connects can cause one.
const (
	firstConnectionLines   = 10
	connectionLineInterval = time.Second
)

// newLogger returns the logger of the process, and makes the libraries use it too: controller-runtime, client-go and
// net/http. They have one logger for each process, so that a second call in one process changes the first one's.
func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewJSONHandler(w, options)
	if format == formatText {
		handler = slog.NewTextHandler(w, options)
	}
	logger := slog.New(handler)
	ctrllog.SetLogger(logr.FromSlogHandler(handler))
	klog.SetSlogLogger(logger)
	log.SetFlags(0)
	log.SetOutput(&connectionLog{
		logger:  logger,
		refused: rate.Sometimes{First: firstConnectionLines, Interval: connectionLineInterval},
		others:  rate.Sometimes{First: firstConnectionLines, Interval: connectionLineInterval},
	})
	return logger
}

// connectionLog turns the lines of the standard library's log into ours.
type connectionLog struct {
	logger *slog.Logger
	// refused limits the lines about clients that refused our certificate, as an API server with an outdated caBundle
	// does. Whoever causes the others must not hide these.
	refused, others rate.Sometimes
}

// Write takes one line, as package log promises.
func (c *connectionLog) Write(line []byte) (int, error) {
	kind := &c.others
	if bytes.Contains(line, []byte("remote error: ")) {
		kind = &c.refused
	}
	kind.Do(func() { c.logger.Warn(string(bytes.TrimSpace(line))) })
	return len(line), nil
}
