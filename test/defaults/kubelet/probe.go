package kubelet

import "time"

// Handler says what a probe needs to succeed.
type Handler int

// The handlers.
const (
	// Request needs an answer from the application: httpGet, grpc, or a command that asks the application.
	Request Handler = iota
	// Connect needs an open port only: tcpSocket. The kernel accepts for a process that hangs.
	Connect
	// AlwaysFails is a command whose outcome does not depend on the application, like reading a file that is not
	// there.
	AlwaysFails
	// AlwaysSucceeds is the same with the file there.
	AlwaysSucceeds
	// AlwaysErrs is a probe that the kubelet cannot carry out, such as a command that the image does not have. The
	// result is thrown away (worker.go: doProbe, "Prober error, throw away the result").
	AlwaysErrs
)

// Probe is one probe of the container. A figure of 0 means what it means to the API server, so that the zero Probe
// has the API server's defaults: 0/10/1/1/3 (pkg/apis/core/v1/defaults.go: SetDefaults_Probe).
type Probe struct {
	Handler             Handler
	InitialDelaySeconds int32
	PeriodSeconds       int32
	TimeoutSeconds      int32
	SuccessThreshold    int32
	FailureThreshold    int32
}

// Probes are the probes of one container; nil means that there is none of that kind.
type Probes struct {
	Startup, Liveness, Readiness *Probe
}

// Kind tells the three probes apart.
type Kind int

// The kinds.
const (
	Startup Kind = iota
	Liveness
	Readiness
)

// String is the word of the Pod specification, without "Probe".
func (k Kind) String() string {
	return [...]string{"startup", "liveness", "readiness"}[k]
}

const (
	defaultPeriodSeconds    = 10
	defaultTimeoutSeconds   = 1
	defaultSuccessThreshold = 1
	defaultFailureThreshold = 3
)

// defaulted fills the figures that are 0, as the API server does.
func (p Probe) defaulted() Probe {
	for figure, otherwise := range map[*int32]int32{
		&p.PeriodSeconds:    defaultPeriodSeconds,
		&p.TimeoutSeconds:   defaultTimeoutSeconds,
		&p.SuccessThreshold: defaultSuccessThreshold,
		&p.FailureThreshold: defaultFailureThreshold,
	} {
		if *figure == 0 {
			*figure = otherwise
		}
	}
	return p
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
