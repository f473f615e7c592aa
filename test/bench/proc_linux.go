package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the CPU time that a process has had so far, user and system, of all its threads, in nanoseconds. The
// clock of another process has a number that is made of its id; see clock_getcpuclockid(3).
func cpuTime(pid int) (time.Duration, error) {
	const wholeProcess = 2 // CPUCLOCK_SCHED, without the flag of a single thread
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|wholeProcess), &spent); err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(spent.Nano()), nil
}

// forget has the kernel drop a file from memory. A program that was built a moment ago is there as a whole, and all of it
// would count as resident as soon as it runs, whether or not anything touches it; on a node it comes from a disk.
func forget(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the program: %w", err)
	}
	defer file.Close()
	// Only what is on the disk can be dropped.
	if err := file.Sync(); err != nil {
		return fmt.Errorf("writing the program to the disk: %w", err)
	}
	if err := unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("dropping the program from memory: %w", err)
	}
	return nil
}

// memory is what a process has in memory, in MiB.
type memory struct {
	// resident is all of it, and peak the most that it ever was.
	resident, peak float64
	// anonymous is the program's own part of it; the rest is pages of its file, which the kernel can drop, and keeps as
	// many of as it likes.
	anonymous float64
}

// memoryOf reads it.
func memoryOf(pid int) (memory, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	var m memory
	for name, into := range map[string]*float64{"VmRSS": &m.resident, "VmHWM": &m.peak, "RssAnon": &m.anonymous} {
		if *into, err = mebibytes(content, name); err != nil {
			return memory{}, err
		}
	}
	return m, nil
}

// mebibytes finds a line such as "VmRSS:	   20480 kB".
func mebibytes(status []byte, name string) (float64, error) {
	for line := range bytes.Lines(status) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && fields[0] == name+":" && fields[2] == "kB" {
			kibibytes, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s: %w", name, err)
			}
			return kibibytes / 1024, nil
		}
	}
	return 0, fmt.Errorf("there is no %s of the process", name)
}

// age is how long ago a process was started, to a hundredth of a second.
func age(pid int) (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the start of process %d: %w", pid, err)
	}
	started, err := sinceBoot(string(content))
	if err != nil {
		return 0, fmt.Errorf("reading the start of process %d: %w", pid, err)
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, fmt.Errorf("reading the time since boot: %w", err)
	}
	return time.Duration(now.Nano()) - started, nil
}

// sinceBoot finds the time from boot to the start of a process in its stat; see proc_pid_stat(5).
func sinceBoot(stat string) (time.Duration, error) {
	// What Linux calls a clock tick towards programs, on every machine that Go knows.
	const tick = time.Second / 100
	// The second field is the program's name in parentheses, with whatever people put there. The start is number 22.
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	const start = 22 - 3
	if len(fields) <= start {
		return 0, fmt.Errorf("unexpected content: %q", stat)
	}
	ticks, err := strconv.ParseInt(fields[start], 10, 64)
	if err != nil {
		return 0, err
	}
	return time.Duration(ticks) * tick, nil
}
