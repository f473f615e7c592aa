//go:build faultinjection

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

// faultVariable is the environment variable that breaks a binary which was built with the tag faultinjection:
// "panic" makes every decision panic, "delay:2s" makes it take two seconds longer.
const faultVariable = "PROBE_INJECTOR_FAULT"

// faultFromEnvironment returns what puts the fault around an engine.
func faultFromEnvironment() (func(webhook.Decider) webhook.Decider, error) {
	value := os.Getenv(faultVariable)
	delay, delays := strings.CutPrefix(value, "delay:")
	switch {
	case value == "":
		return func(d webhook.Decider) webhook.Decider { return d }, nil
	case value == "panic":
		return func(webhook.Decider) webhook.Decider { return panicking{} }, nil
	case delays:
		duration, err := time.ParseDuration(delay)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", faultVariable, err)
		}
		return func(d webhook.Decider) webhook.Decider { return delayed{d, duration} }, nil
	default:
		return nil, fmt.Errorf("%s=%q: write panic or delay:DURATION", faultVariable, value)
	}
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
