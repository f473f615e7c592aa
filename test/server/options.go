package server

import (
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
)

// Options say how the webhook is started. The zero value is a server with an empty policy and new certificates.
type Options struct {
	// Policy is the content of the policy file; see chart.Rendered.PolicyFile.
	Policy []byte
	// Authority signs the certificate. One is made if there is none.
	Authority *certificate.Authority
	// DrainDuration is --drain-duration; one second if it is 0.
	DrainDuration time.Duration
	// Args are added to the server's arguments.
	Args []string
	// Fault, if not empty, breaks the server: "panic" or "delay:2s", see cmd/webhook/fault_injection.go.
	Fault string
	// Env is added to the server's environment.
	Env []string
}

// emptyPolicy is the smallest policy file: all defaults, no rules.
const emptyPolicy = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {}\n"
