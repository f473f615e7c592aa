package kubelet

import "time"

// Times are what falls out by chance on a node. All of them are short against what they are compared with, but
// they decide where in a period a start falls: the phase.
type Times struct {
	// Workers is how far into a second of the wall clock the workers begin, in [0 s, 1 s). It matters because the
	// start that initialDelaySeconds counts from is cut to the second (pkg/kubelet/status: normalizeStatus).
	Workers time.Duration
	// Start is the time from the workers' beginning to the first start of the container. All workers of a Pod begin
	// together, before the image is pulled, and tick from then on (kubelet.go: SyncPod calls AddPod), so this is
	// the phase of the tickers.
	Start time.Duration
	// Notice is how long a start or an end of the container takes to reach the status that the workers read. The
	// kubelet lists containers every second (kubelet.go: genericPlegRelistPeriod).
	Notice time.Duration
	// Resync is how long after its last sync a Pod is synced without a reason; 0 is never. It is one minute and up
	// to a half more (pod_workers.go: workerResyncIntervalJitterFactor).
	Resync time.Duration
}
