// Package node is the part of a node that a probe passes through, with the kubelet's own prober in the middle.
//
// From k8s.io/kubernetes come the prober (workers, tickers, thresholds, handlers), the managers of its results and
// the status manager, all as the kubelet uses them. What stands around them in a kubelet and cannot be imported is
// written here, as small as it can be, next to the name of the function that it stands for: the loop that reacts to
// results, the decision to kill, and a container runtime whose processes do what a test says.
//
// A test admits a Pod, which starts the workers' tickers, starts a container in it some time later, and reads the
// Pod's log: when it was ready, when it was killed and by which probe. Nothing here reads the clock in another way
// than through package time, so that a testing/synctest bubble runs an hour in milliseconds.
//
// Start at Node in node.go; kubelet.go is the loop, runtime.go the containers, process.go what runs in them.
package node
