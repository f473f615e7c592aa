// Package prober holds what we promise against the kubelet's own prober: every number of every timing class, in
// both styles, as the engine emits it, on the code that will carry it out.
//
// It is all tests, in a module of its own, because it needs k8s.io/kubernetes. Package node is the part of a node
// around the prober. Time is that of testing/synctest where the processes are made up, and real, with smaller
// numbers, where they listen on sockets.
//
// Start at start_test.go: what is promised to a container that starts. stall_test.go is about one that ran,
// traffic_test.go about readiness, crash_test.go about what the kubelet remembers from one container to the next,
// handlers_test.go about http, https, grpc and tcp, beside_test.go about probes that a container has already.
package prober
