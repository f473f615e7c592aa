package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	cri "k8s.io/cri-client/pkg"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/utils/exec"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Command is the command of an exec probe that asks the process of a test, instead of the handler that the probe
// has: the process has to know which probe asks.
func Command(kind probe.Kind) []string { return []string{string(kind)} }

// What is a kind of event in the log of a Pod.
type What string

// The kinds of events.
const (
	// Running: a container started.
	Running What = "running"
	// Ready and Unready: the Pod's condition changed.
	Ready   What = "ready"
	Unready What = "unready"
	// Killed: the kubelet decided to kill the container. Its end comes later.
	Killed What = "killed"
	// Exited: the container ended, killed or by itself.
	Exited What = "exited"
)

// Event is one line of a Pod's log.
type Event struct {
	What What
	// Container counts the Pod's containers from 1.
	Container int
	// At is when it happened, counted from the start of that container.
	At time.Duration
	// Time is the same on the clock.
	Time time.Time
	// By is the probe that killed.
	By probe.Kind
}

// Script is what a test wants to happen in a Pod.
type Script struct {
	// Processes run one after the other, each in a new container. After the last nothing is restarted.
	Processes []Process
	// Stopping is how long a killed process takes to exit.
	Stopping time.Duration
	// BackOff is the pause before a container is restarted.
	BackOff time.Duration
	// Noticed is how long after a container's start or end its status is published: the kubelet looks for changes of
	// containers once a second (pkg/kubelet/pleg/generic.go).
	Noticed time.Duration
}

// Pod is a Pod on the node.
type Pod struct {
	node   *Node
	object *corev1.Pod

	lock    sync.Mutex
	current *container
	// known is the state of the containers as the kubelet last listed it: nil before the first.
	known *known
	ready bool
	log   []Event
	// resync is reset by each look.
	resync *time.Timer
}

// separator stands between the Pod's UID and the container's number in a container's ID.
const separator = "."

// known is what the kubelet knows of a container: its cache of the runtime (pkg/kubelet/pleg/generic.go) is as old as
// its last listing.
type known struct {
	*container
	running bool
}

type container struct {
	name    string
	number  int
	started time.Time
	exited  time.Time
	process Process
	killed  bool
	kill    chan struct{}
}

// Run starts the first container now and returns when the script is at its end or the time is up.
func (p *Pod) Run(script Script, atMost time.Duration) {
	over := time.NewTimer(atMost)
	defer over.Stop()
	p.resync = time.NewTimer(Resync)
	defer p.resync.Stop()
	for i := range script.Processes {
		c := p.start(i+1, script.Processes[i])
		if !p.live(c, &script, over.C) || !p.pause(c, &script, over.C) {
			return
		}
	}
}

func (p *Pod) start(number int, process Process) *container {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.current = &container{
		name: fmt.Sprintf("%s%s%d", p.object.UID, separator, number), number: number,
		started: time.Now(), process: process, kill: make(chan struct{}),
	}
	p.note(Running, "")
	return p.current
}

// live plays the life of one container; false is the end of the time.
func (p *Pod) live(c *container, script *Script, over <-chan time.Time) bool {
	noticed := time.NewTimer(script.Noticed)
	defer noticed.Stop()
	var exits <-chan time.Time
	if c.process.ExitsAfter > 0 {
		timer := time.NewTimer(c.process.ExitsAfter)
		defer timer.Stop()
		exits = timer.C
	}
	for {
		select {
		case <-noticed.C:
			p.notice()
			p.wantLook()
		case <-p.resync.C:
			p.wantLook()
		case <-c.kill:
			if !sleep(script.Stopping, over) {
				return false
			}
			p.exit(c)
			return true
		case <-exits:
			p.exit(c)
			return true
		case <-over:
			return false
		}
	}
}

// pause is the time between two containers; false is the end of the time. A kill and the restart that follows it
// are one pass of the kubelet (kuberuntime_manager.go SyncPod), so that without a back-off nothing is published in
// between. A process that exits by itself has to be noticed first.
func (p *Pod) pause(c *container, script *Script, over <-chan time.Time) bool {
	last := c.number == len(script.Processes)
	if script.BackOff == 0 && c.killed && !last {
		return true
	}
	if !sleep(script.Noticed, over) {
		return false
	}
	p.notice()
	p.wantLook()
	return last || sleep(max(0, script.BackOff-script.Noticed), over)
}

// notice is the kubelet's listing of the containers.
func (p *Pod) notice() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.known = &known{container: p.current, running: p.current.exited.IsZero()}
}

func (p *Pod) wantLook() {
	select {
	case p.node.looks <- p:
	case <-p.node.ctx.Done():
	}
}

func (p *Pod) exit(c *container) {
	p.lock.Lock()
	defer p.lock.Unlock()
	c.exited = time.Now()
	p.note(Exited, "")
}

// sleep waits; false is the end of the time.
func sleep(d time.Duration, over <-chan time.Time) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-over:
		return false
	}
}

// Log is what happened in the Pod so far.
func (p *Pod) Log() []Event {
	p.lock.Lock()
	defer p.lock.Unlock()
	return append([]Event(nil), p.log...)
}

func (p *Pod) note(what What, by probe.Kind) {
	now := time.Now()
	p.log = append(p.log, Event{What: what, Container: p.current.number, At: now.Sub(p.current.started), Time: now, By: by})
}

func (p *Pod) observe(published corev1.ContainerStatus) {
	if p.ready == published.Ready {
		return
	}
	p.ready = published.Ready
	if p.ready {
		p.note(Ready, "")
	} else {
		p.note(Unready, "")
	}
}

func (c *known) status() corev1.ContainerStatus {
	id := c.id()
	state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(c.started)}}
	if !c.running {
		state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 1, StartedAt: metav1.NewTime(c.started), FinishedAt: metav1.NewTime(c.exited), ContainerID: id.String(),
		}}
	}
	return corev1.ContainerStatus{ContainerID: id.String(), State: state}
}

// runtime runs the commands of exec probes, as pkg/kubelet/kuberuntime RunInContainer does by way of the CRI.
type runtime struct{ node *Node }

var errFailed = errors.New("the process does not answer")

// RunInContainer asks the process of the container. Its errors are those of the CRI client: an exit code other
// than 0 and a command that timed out are failures of the probe (pkg/probe/exec).
func (r *runtime) RunInContainer(_ context.Context, id kubecontainer.ContainerID, command []string, timeout time.Duration) ([]byte, error) {
	takes, succeeds := r.node.ask(id, probe.Kind(command[0]), timeout)
	if takes > 0 {
		time.Sleep(takes)
	}
	switch {
	case succeeds:
		return nil, nil
	case takes >= timeout:
		return nil, fmt.Errorf("%w: %q timed out after %s", cri.ErrCommandTimedOut, command, timeout)
	default:
		return nil, exec.CodeExitError{Err: errFailed, Code: 1}
	}
}

// ask asks the process of a container. One that has exited does not answer.
func (n *Node) ask(id kubecontainer.ContainerID, kind probe.Kind, timeout time.Duration) (takes time.Duration, succeeds bool) {
	if n.isStopping() {
		return 0, false
	}
	uid, _, _ := strings.Cut(id.ID, separator)
	p := n.podByUID(types.UID(uid))
	p.lock.Lock()
	defer p.lock.Unlock()
	c := p.current
	if c.id() != id || !c.exited.IsZero() {
		return 0, false
	}
	arrives := time.Since(c.started)
	if kind == probe.Startup && c.process.StartupPasses {
		return 0, true
	}
	takes, succeeds = c.process.life(kind).serve(arrives, c.process.Latency, timeout)
	if exits := c.process.ExitsAfter; exits > 0 && arrives+takes > exits {
		return exits - arrives, false
	}
	return takes, succeeds
}
