package selfmanaged

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// repeatAfter is how often a line about an error that stays is written.
const repeatAfter = 5 * time.Minute

// errorLog writes a line about an error when it is new and from time to time while it stays, so that an API server that
// is down for an hour does not fill the log. It is safe for concurrent use.
type errorLog struct {
	logger *slog.Logger
	line   string

	mutex sync.Mutex
	// last is the error that stays, and lines limits the lines about it; nil without an error.
	last  string
	lines *rate.Sometimes
}

func newErrorLog(logger *slog.Logger, line string) *errorLog {
	return &errorLog{logger: logger, line: line}
}

// record takes the outcome of an attempt: an error, or nil after a success.
func (l *errorLog) record(err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err == nil {
		l.lines = nil
		return
	}
	if l.lines == nil || err.Error() != l.last {
		l.last, l.lines = err.Error(), &rate.Sometimes{Interval: repeatAfter}
	}
	l.lines.Do(func() { l.logger.Warn(l.line, "error", err) })
}
