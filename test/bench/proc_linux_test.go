package main

import (
	"os"
	"testing"
	"time"
)

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; {
	}
	after, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after-before < time.Millisecond {
		t.Errorf("50 ms of work took %v of CPU time", after-before)
	}
}

func TestMemoryAndAgeOfThisProcess(t *testing.T) {
	m, err := memoryOf(os.Getpid())
	if err != nil || m.resident <= 1 || m.peak < m.resident || m.anonymous <= 0 || m.anonymous > m.resident {
		t.Errorf("%+v, error %v", m, err)
	}
	old, err := age(os.Getpid())
	if err != nil || old < 0 || old > time.Hour {
		t.Errorf("it is %v old, error %v", old, err)
	}
}

func TestTheStartIsFoundBehindAnyName(t *testing.T) {
	const numbers = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 12345 20 21\n"
	for _, name := range []string{"(webhook)", "(a) b (c)", "()"} {
		got, err := sinceBoot("42 " + name + numbers)
		if err != nil || got != 123450*time.Millisecond {
			t.Errorf("%s was started %v after boot, error %v", name, got, err)
		}
	}
	for _, stat := range []string{"", "42 (webhook) S 1", "42 webhook S 1"} {
		if got, err := sinceBoot(stat); err == nil {
			t.Errorf("%q says %v", stat, got)
		}
	}
}
