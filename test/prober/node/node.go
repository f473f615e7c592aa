package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	kubepod "k8s.io/kubernetes/pkg/kubelet/pod"
	"k8s.io/kubernetes/pkg/kubelet/prober"
	"k8s.io/kubernetes/pkg/kubelet/prober/results"
	"k8s.io/kubernetes/pkg/kubelet/status"
)

// Resync is how long after its last look the kubelet looks at a Pod in which nothing happens (1 to 1.5 minutes,
// pkg/kubelet/pod_workers.go workerResyncIntervalJitterFactor). Each look lets a container that is started and not
// ready be probed at once.
// It is no whole number of seconds, because the kubelet's jitter keeps it off the ticks.
const Resync = 75*time.Second + 321*time.Millisecond

// Node probes Pods and kills their containers as a kubelet does.
type Node struct {
	prober                       prober.Manager
	startup, liveness, readiness results.Manager
	statuses                     status.Manager
	admitted                     kubepod.Manager
	logger                       klog.Logger
	ctx                          context.Context // of all workers
	end                          context.CancelFunc
	running                      sync.WaitGroup

	// looks are the Pods that the loop shall look at.
	looks chan *Pod

	lock           sync.Mutex
	pods           map[types.UID]*Pod
	longestTimeout time.Duration
	stopping       bool
}

// Start starts a node. The kubelet spreads the workers of Pods that it finds at its own start over their period;
// a test that wants to choose the moment of the ticks lets more than one period pass before it admits a Pod.
func Start() *Node {
	logger := logr.Discard()
	ctx, end := context.WithCancel(klog.NewContext(context.Background(), logger))
	n := &Node{
		startup:   results.NewManager(),
		liveness:  results.NewManager(),
		readiness: results.NewManager(),
		admitted:  kubepod.NewBasicPodManager(),
		logger:    logger,
		ctx:       ctx,
		end:       end,
		looks:     make(chan *Pod),
		pods:      map[types.UID]*Pod{},
	}
	// Without a client the status manager keeps statuses and sends none; it is never started either.
	n.statuses = status.NewManager(nil, n.admitted, nil, nil)
	n.prober = prober.NewManager(n.statuses, n.liveness, n.readiness, n.startup, &runtime{n}, &record.FakeRecorder{})
	n.running.Go(n.loop)
	return n
}

// Stop stops all workers, waits for the probes that they are running, and ends the node.
func (n *Node) Stop() {
	n.prober.CleanupPods(nil)
	n.lock.Lock()
	// A worker that is told to stop while a tick is waiting may take the tick first: it is answered at once.
	n.stopping = true
	waitBudget := n.longestTimeout + time.Second
	n.lock.Unlock()
	time.Sleep(waitBudget)
	n.end()
	n.running.Wait()
}

// Admit gives the node a Pod with one container. Its workers begin to tick now; the container comes with Run. They ask at
// the Pod's address, if its status has one, else at loopback.
func (n *Node) Admit(template *corev1.Pod) (*Pod, error) {
	if containers := len(template.Spec.Containers); containers != 1 {
		return nil, fmt.Errorf("the Pod has %d containers, the node runs Pods with one", containers)
	}
	p := &Pod{node: n, object: template.DeepCopy()}
	n.lock.Lock()
	p.object.UID = types.UID(fmt.Sprintf("pod-%d", len(n.pods)+1))
	p.object.Name = string(p.object.UID)
	n.pods[p.object.UID] = p
	container := &p.object.Spec.Containers[0]
	for _, each := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		if each != nil {
			n.longestTimeout = max(n.longestTimeout, seconds(each.TimeoutSeconds))
		}
	}
	n.lock.Unlock()
	n.admitted.AddPod(p.object)
	n.prober.AddPod(n.ctx, p.object)
	return p, nil
}

// Remove ends the workers of a Pod whose story is told.
func (n *Node) Remove(p *Pod) { n.prober.RemovePod(p.object) }

func (n *Node) isStopping() bool {
	n.lock.Lock()
	defer n.lock.Unlock()
	return n.stopping
}

func (n *Node) podByUID(uid types.UID) *Pod {
	n.lock.Lock()
	defer n.lock.Unlock()
	return n.pods[uid]
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
