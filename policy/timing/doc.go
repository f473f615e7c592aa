// Package timing derives every timing field of a probe from a few inputs that a person can answer, and says
// what the result guarantees.
//
// The inputs are a Class (how software of one kind usually behaves) and, optionally, a person's own figures:
// the longest healthy start, how long a silence is tolerated before a restart, and how fast traffic must stop.
// A person's figure replaces the class's figure before the derivation; a field that a person sets explicitly
// replaces the derived one after it, and the fields derived beside it adapt.
//
// Start at Derive in schedule.go; startup.go, liveness.go and readiness.go hold the formulas of one probe each,
// classes.go the table of classes, guarantee.go what the numbers promise.
//
// Two facts about the kubelet carry the formulas (pkg/kubelet/prober/worker.go):
//
//   - The first probe of a container comes in [initialDelaySeconds, initialDelaySeconds+periodSeconds) after the
//     container's start, because the ticker's phase is arbitrary. So what is guaranteed before a failing probe acts
//     is initialDelaySeconds + (failureThreshold-1)*periodSeconds, one period less than the product that is
//     usually quoted.
//   - initialDelaySeconds counts from the container's start even when there is a startup probe. So beside a
//     startup probe, all probes of a container get the same delay.
package timing
