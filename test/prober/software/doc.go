// Package software asks the software of test/software with the kubelet's own prober, by the probes that the engine gives
// to the container in which people run it: it becomes Ready within the promised time, is left alone while it is healthy
// and busy, leaves rotation when it falls silent, and the kubelet decides to kill it, where it has liveness.
//
// It is all tests, and needs root: each program runs in a network of its own, with an address as a Pod has it and with
// the account of a Pod, beside a real kube-apiserver.
//
// Start at software_test.go; explain_test.go is what the engine says, pod_test.go the network and the program.
package software
