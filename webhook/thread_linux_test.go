package webhook

import (
	"syscall"
	"time"
)

// threadTime is how long the calling thread has had a CPU. What else the machine does is not in it.
func threadTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
