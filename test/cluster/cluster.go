package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/images"
	"github.com/probe-injector/probe-injector/test/node"
	"github.com/probe-injector/probe-injector/test/process"
)

// nodes is how many nodes a cluster has: with two, a drained one has somewhere to send its Pods.
const nodes = 2

// nodeTimeout is how long a node may take until Pods can run on it. Twenty seconds are usual on two cores.
const nodeTimeout = 3 * time.Minute

// Options say what kind of cluster is started.
type Options struct {
	// Number tells clusters on one machine apart, from 0 to 9.
	Number int
	// NodeCommand is a program with arguments that calls node.Init, and in it node.Run, with the configuration file that
	// is its last argument.
	NodeCommand []string
}

// Cluster is a running cluster.
type Cluster struct {
	layout layout
	owner  *owner
	plane  *controlplane.ControlPlane
	nodes  []*process.Process
	state  State
}

// Start starts a cluster and returns when Pods can run on all nodes. What an earlier one of the same number left behind
// after a crash is removed first; one that still runs is an error. Everything ends with the calling process at the latest.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	if err := checkRequirements(); err != nil {
		return nil, err
	}
	layout, err := newLayout(options.Number)
	if err != nil {
		return nil, err
	}
	owner, err := own(layout)
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{layout: layout, owner: owner}
	if err := cluster.start(ctx, options); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a cluster: %w", err), cluster.Stop())
	}
	return cluster, nil
}

func (c *Cluster) start(ctx context.Context, options Options) error {
	if err := c.layout.clean(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	programs, err := findPrograms(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.layout.dir, 0o755); err != nil {
		return fmt.Errorf("making the cluster's folder: %w", err)
	}
	if err := c.layout.makeNetwork(ctx); err != nil {
		return err
	}
	if err := c.startControlPlane(ctx); err != nil {
		return err
	}
	c.state = State{Number: c.layout.number, Kubeconfig: c.plane.KubeconfigPath()}
	for number := 1; number <= nodes; number++ {
		if err := c.startNode(ctx, options.NodeCommand, number, programs); err != nil {
			return err
		}
	}
	waits := []func(context.Context, int) error{c.waitForPrograms, c.waitUntilReady}
	for _, wait := range waits {
		for i := range c.nodes {
			if err := wait(ctx, i); err != nil {
				return err
			}
		}
	}
	if err := c.state.Import(ctx, programs.pause.Archive); err != nil {
		return err
	}
	return c.state.write(c.layout.statePath())
}

// Stop ends everything and removes what was made.
func (c *Cluster) Stop() error {
	var failures []error
	for _, node := range c.nodes {
		failures = append(failures, node.Kill())
	}
	if c.plane != nil {
		failures = append(failures, c.plane.Stop())
	}
	failures = append(failures, c.layout.clean(context.Background()), c.owner.release())
	return errors.Join(failures...)
}

// State is what others have to know.
func (c *Cluster) State() State { return c.state }

// StatePath is the file that ReadState reads.
func (c *Cluster) StatePath() string { return c.layout.statePath() }

// programs is what has to be there before anything starts.
type programs struct {
	kubelet, proxy string
	pause          images.Image
}

func findPrograms(ctx context.Context) (programs, error) {
	var found programs
	var err error
	if found.kubelet, err = binaries.Kubernetes(ctx, "", "kubelet"); err != nil {
		return programs{}, err
	}
	if found.proxy, err = binaries.Kubernetes(ctx, "", "kube-proxy"); err != nil {
		return programs{}, err
	}
	if found.pause, err = images.Pause(ctx); err != nil {
		return programs{}, err
	}
	return found, nil
}

func (c *Cluster) startControlPlane(ctx context.Context) error {
	dir := filepath.Join(c.layout.dir, "control-plane")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the control plane's folder: %w", err)
	}
	options := controlplane.Options{
		Controllers: true, Dir: dir, KeepDir: true, Address: c.layout.gateway(), Services: services,
	}
	for number := 1; number <= nodes; number++ {
		options.Nodes = append(options.Nodes, c.layout.place(number).name)
	}
	plane, err := controlplane.Start(ctx, options)
	if err != nil {
		return err
	}
	c.plane = plane
	return nil
}

// startNode starts a node. Its programs take a while.
func (c *Cluster) startNode(ctx context.Context, command []string, number int, programs programs) error {
	place := c.layout.place(number)
	if err := errors.Join(os.MkdirAll(place.dir, 0o755), makeCgroup(place.cgroup), makeMountPoints()); err != nil {
		return fmt.Errorf("preparing %s: %w", place.name, err)
	}
	configuration := filepath.Join(place.dir, "node.json")
	if err := c.nodeConfig(number, programs).WriteFile(configuration); err != nil {
		return err
	}
	started, err := process.Start(process.Command{
		Path: command[0], Args: append(command[1:len(command):len(command)], configuration),
		Namespaces: true, LogFile: filepath.Join(place.dir, "node.log"),
	})
	if err != nil {
		return err
	}
	c.nodes = append(c.nodes, started)
	c.state.Nodes = append(c.state.Nodes, Node{Name: place.name, PID: started.PID(), Cgroup: place.cgroup})
	return c.layout.connect(ctx, place, started.PID())
}

func (c *Cluster) nodeConfig(number int, programs programs) node.Config {
	place := c.layout.place(number)
	config := node.Config{
		Name:    place.name,
		Address: place.address + "/24",
		Gateway: c.layout.gateway(),
		Pods:    place.pods,
		AllPods: c.layout.allPods(),
		Routes:  map[string]string{},
		Dir:     place.dir,
		Cgroup:  place.cgroup,

		Kubelet: programs.kubelet, Kubeconfig: c.plane.NodeKubeconfigPath(place.name),
		Proxy: programs.proxy, ProxyKubeconfig: c.plane.ProxyKubeconfigPath(),
		PauseImage: programs.pause.Reference,
	}
	for other := 1; other <= nodes; other++ {
		if other != number {
			config.Routes[c.layout.place(other).pods] = c.layout.place(other).address
		}
	}
	return config
}

// waitForPrograms waits until a node's programs run.
func (c *Cluster) waitForPrograms(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	return c.nodes[i].WaitUntil(ctx, "ready", func(context.Context) error {
		_, err := os.Stat(filepath.Join(c.layout.place(i+1).dir, node.ReadyFile))
		return err
	})
}

// waitUntilReady waits until a node says that it is Ready.
func (c *Cluster) waitUntilReady(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	return c.nodes[i].WaitUntil(ctx, "Ready", func(ctx context.Context) error {
		found, err := c.plane.Client().CoreV1().Nodes().Get(ctx, c.state.Nodes[i].Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				return fmt.Errorf("%s is not Ready: %s", found.Name, condition.Message)
			}
		}
		if len(found.Status.Conditions) == 0 {
			return fmt.Errorf("%s says nothing yet", found.Name)
		}
		return nil
	})
}
