// Package promises holds what the engine emits, and every time that it prints, against the model of the kubelet
// (package kubelet): random keys and profiles beside every shape of probe that a container may have already.
//
// It is all tests. Start at harm_test.go: an application that is healthy by its liveness probe is never killed by a probe
// of ours. times_test.go is about the times, population_test.go about what is drawn. PROMISES=100000 draws so many Pods,
// where the tests draw a few thousand.
package promises
