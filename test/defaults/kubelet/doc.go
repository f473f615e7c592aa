// Package kubelet is a model of how the kubelet probes one container: what a set of probes does to a container
// that behaves in a given way, without a node and without waiting. Start at Simulate.
//
// The model is a discrete-event simulation of three things, each read in k8s.io/kubernetes v1.36.3:
//
//   - the worker, one for each probe (pkg/kubelet/prober/worker.go: run, doProbe);
//   - the probe manager, which turns results into the status of the container and asks readiness again
//     (pkg/kubelet/prober/prober_manager.go: UpdatePodStatus, isContainerStarted);
//   - as much of the kubelet's loop as probes notice: syncs, restarts, and the moment at which a start or an end
//     of the container reaches the status (pkg/kubelet/kubelet.go: syncLoopIteration).
//
// It is pure: the same arguments give the same Timeline. What happens by chance on a node is an argument, Times.
//
// Left out, because nothing here depends on it: the deletion of Pods, restarts of the kubelet, the time that
// probing and syncing themselves take, and the grace period (a container ends at the moment of its kill). Where
// several things fall on the same instant, containers start and end first, then the status follows, then probes
// end, then tickers fire; a real kubelet may take another order.
package kubelet
