//go:build faultinjection

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/certs/selfmanaged"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

// faultVariable is the environment variable that changes a binary which was built with the tag faultinjection. It holds
// one or several of these, separated by commas:
//
//	panic                  every decision panics
//	delay:2s               every decision takes two seconds longer
//	ca-lifetime:60s        a certificate authority of our own lasts a minute, and is replaced after 40 seconds
//	leaf-lifetime:20s      a certificate of our own lasts 20 seconds, and is renewed after 13
//	keep-predecessor:30s   the authority before the present one stays published for half a minute
//	hold:1s                a new authority must have been published for a second before it is relied on
//	clock:FILE             the clock of all that has to do with certificates is fast by the duration in a file, which may
//	                       change at any time and be negative
const faultVariable = "PROBE_INJECTOR_FAULT"

// faults are what this build does wrong, or in less time.
type faults struct {
	around    func(webhook.Decider) webhook.Decider
	lifetimes selfmanaged.Lifetimes
	// now is the clock of everything that has to do with certificates.
	now func() time.Time
}

func faultsFromEnvironment() (faults, error) {
	f := faults{
		around:    func(d webhook.Decider) webhook.Decider { return d },
		lifetimes: selfmanaged.DefaultLifetimes(),
		now:       time.Now,
	}
	value := os.Getenv(faultVariable)
	if value == "" {
		return f, nil
	}
	for one := range strings.SplitSeq(value, ",") {
		if err := f.add(one); err != nil {
			return f, fmt.Errorf("%s=%q: %w", faultVariable, value, err)
		}
	}
	return f, nil
}

func (f *faults) add(one string) error {
	name, value, _ := strings.Cut(one, ":")
	if name == "panic" {
		f.around = func(webhook.Decider) webhook.Decider { return panicking{} }
		return nil
	}
	if name == "clock" {
		f.now = func() time.Time { return time.Now().Add(readDuration(value)) }
		return nil
	}
	lifetimes := map[string]*time.Duration{
		"ca-lifetime":      &f.lifetimes.CA,
		"leaf-lifetime":    &f.lifetimes.Leaf,
		"keep-predecessor": &f.lifetimes.KeepPredecessor,
		"hold":             &f.lifetimes.Hold,
	}
	lifetime, known := lifetimes[name]
	if !known && name != "delay" {
		return fmt.Errorf("%q is none of panic, clock:FILE, delay:D, ca-lifetime:D, leaf-lifetime:D, keep-predecessor:D and hold:D", one)
	}
	duration, err := time.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if known {
		*lifetime = duration
		return nil
	}
	f.around = func(d webhook.Decider) webhook.Decider { return delayed{d, duration} }
	return nil
}

// readDuration reads a file with a duration; one that cannot be read has none.
func readDuration(path string) time.Duration {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	duration, err := time.ParseDuration(strings.TrimSpace(string(content)))
	if err != nil {
		return 0
	}
	return duration
}

type panicking struct{}

func (panicking) Decide(policy.Subject) policy.Decision { panic("injected fault") }

type delayed struct {
	webhook.Decider
	by time.Duration
}

func (d delayed) Decide(s policy.Subject) policy.Decision {
	time.Sleep(d.by)
	return d.Decider.Decide(s)
}
