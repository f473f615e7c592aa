package kubelet

import "time"

// Timeline is what the kubelet did. All times are counted from the first start of the container.
type Timeline struct {
	// Kills are the restarts that probes decided, in order.
	Kills []Kill
	// Ready are the times in which the container was Ready, in order.
	Ready []Interval
}

// Kill is one decision to kill the container.
type Kill struct {
	At time.Duration
	// By is Startup or Liveness.
	By Kind
	// Run is the index of the run that it ended.
	Run int
}

// Interval is a stretch of time.
type Interval struct {
	From time.Duration
	// To is the end of the simulation if nothing ended the interval before.
	To time.Duration
}
