//go:build !faultinjection

package main

import (
	"time"

	"github.com/probe-injector/probe-injector/certs/selfmanaged"
	"github.com/probe-injector/probe-injector/webhook"
)

// faults are what a build with the tag faultinjection does wrong, or in less time. This build does all as it should.
type faults struct {
	around    func(webhook.Decider) webhook.Decider
	lifetimes selfmanaged.Lifetimes
	// now is the clock of everything that has to do with certificates.
	now func() time.Time
}

func faultsFromEnvironment() (faults, error) {
	return faults{
		around:    func(d webhook.Decider) webhook.Decider { return d },
		lifetimes: selfmanaged.DefaultLifetimes(),
		now:       time.Now,
	}, nil
}
