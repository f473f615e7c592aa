//go:build !linux

package webhook

import "time"

var started = time.Now()

// threadTime is the time of the clock, where the system does not tell a thread's own.
func threadTime() time.Duration { return time.Since(started) }
