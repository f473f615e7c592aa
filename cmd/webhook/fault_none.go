//go:build !faultinjection

package main

import "github.com/probe-injector/probe-injector/webhook"

// faultFromEnvironment is the identity: only a build with the tag faultinjection has faults.
func faultFromEnvironment() (func(webhook.Decider) webhook.Decider, error) {
	return func(d webhook.Decider) webhook.Decider { return d }, nil
}
