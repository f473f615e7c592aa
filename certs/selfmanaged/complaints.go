package selfmanaged

import (
	"log/slog"
	"sync"
	"time"
)

// repeatAfter is how often a line about an error that stays is written.
const repeatAfter = 5 * time.Minute

// complaints writes a line about an error when it is new and from time to time while it stays, so that a cluster that
// is down for an hour does not fill the log.
type complaints struct {
	logger *slog.Logger
	line   string

	mutex sync.Mutex
	last  string
	at    time.Time
}

func newComplaints(logger *slog.Logger, line string) *complaints {
	return &complaints{logger: logger, line: line}
}

// about is told of an error, or with nil that there is none any more.
func (c *complaints) about(err error, now time.Time) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err == nil {
		c.last = ""
		return
	}
	if err.Error() == c.last && now.Sub(c.at) < repeatAfter {
		return
	}
	c.last, c.at = err.Error(), now
	c.logger.Warn(c.line, "error", err)
}
