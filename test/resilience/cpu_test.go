package resilience

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/probe-injector/probe-injector/test/server"
)

// cpu is how long the threads of a process ran, and how long they could have run and had no CPU, in nanoseconds
// (the kernel's Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat).
type cpu struct{ ran, waited float64 }

// cpuOf reads it; where the kernel does not say it, it is zero.
func cpuOf(s *server.Server) (all cpu) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(s.Process().PID()) + "/task/*/schedstat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			// The thread has ended.
			continue
		}
		var one cpu
		if _, err := fmt.Sscan(string(text), &one.ran, &one.waited); err == nil {
			all.ran, all.waited = all.ran+one.ran, all.waited+one.waited
		}
	}
	return all
}

// since is how many times slower a process was than with CPUs of its own.
func (c cpu) since(before cpu) float64 {
	ran, waited := c.ran-before.ran, c.waited-before.waited
	if ran <= 0 || waited <= 0 {
		return 1
	}
	return 1 + waited/ran
}
