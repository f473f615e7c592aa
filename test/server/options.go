package server

import (
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
)

// Options say how the webhook is started. The zero value is a server with an empty policy and new certificates.
type Options struct {
	// Program is the program to run, as Build or BuildWithFaults returns it: building it before every start takes a
	// second, also when it is up to date. If it is empty, it is built.
	Program string
	// Policy is the content of the policy file; see chart.Rendered.PolicyFile.
	Policy []byte
	// Authority signs the certificate. One is made if there is none.
	Authority *certificate.Authority
	// Host is the address of this machine on which reviews are answered; 127.0.0.1 if it is empty. An endpoint of a
	// Service cannot be a loopback address.
	Host string
	// DNSNames are whom the certificate names; DNSName and 127.0.0.1 if there are none.
	DNSNames []string
	// Kubeconfig is how a server that manages its own certificate reaches the Kubernetes API. If it is set, no
	// certificate is made here; Args have to name the Secret and the configurations.
	Kubeconfig string
	// DrainDuration is --drain-duration; one second if it is 0.
	DrainDuration time.Duration
	// Args are added to the server's arguments.
	Args []string
	// Fault, if not empty, breaks the server, such as "panic" or "delay:2s"; see cmd/webhook/fault_injection.go. The
	// Program, if there is one, has to be built with faults then.
	Fault string
	// Env is added to the server's environment.
	Env []string
}

// emptyPolicy is the smallest policy file: all defaults, no rules.
const emptyPolicy = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {}\n"
