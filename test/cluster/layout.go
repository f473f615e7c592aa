package cluster

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// maxNumber is the last cluster that the address ranges below have room for.
const maxNumber = 9

// services is the range of Services. Only nodes see it, so that all clusters can have the same.
const services = "198.19.0.0/16"

// layout is where a cluster has its things, all derived from its number so that they are found again after a crash.
type layout struct {
	number int
	// dir holds everything that is written.
	dir string
}

// newLayout returns the layout of a cluster of this checkout.
func newLayout(number int) (layout, error) {
	if number < 0 || number > maxNumber {
		return layout{}, fmt.Errorf("the cluster's number has to be from 0 to %d, not %d", maxNumber, number)
	}
	root, err := checkout.Root()
	if err != nil {
		return layout{}, err
	}
	return layout{number: number, dir: filepath.Join(root, ".cache", "e2e", strconv.Itoa(number))}, nil
}

// statePath is the file that others find the cluster by, and lockPath the file that its owner holds.
func (l layout) statePath() string { return filepath.Join(l.dir, "cluster.json") }
func (l layout) lockPath() string  { return l.dir + ".lock" }

// bridge is the network of the nodes; gateway is the machine in it.
func (l layout) bridge() string  { return fmt.Sprintf("pinj%d", l.number) }
func (l layout) gateway() string { return fmt.Sprintf("198.18.%d.1", l.number) }
func (l layout) network() string { return l.gateway() + "/24" }

// cgroup is the cgroup of all nodes.
func (l layout) cgroup() string { return fmt.Sprintf("/probe-injector-%d", l.number) }

// allPods holds the ranges of the nodes' Pods, 198.18.<16*(number+1)>.0/20.
func (l layout) allPods() string { return fmt.Sprintf("198.18.%d.0/20", 16*(l.number+1)) }

// place is what one node has. Nodes are counted from 1.
type place struct {
	name, dir, link, address, pods, cgroup string
}

func (l layout) place(node int) place {
	name := fmt.Sprintf("node-%d", node)
	return place{
		name:    name,
		dir:     filepath.Join(l.dir, name),
		link:    fmt.Sprintf("%sn%d", l.bridge(), node),
		address: fmt.Sprintf("198.18.%d.%d", l.number, 10+node),
		pods:    fmt.Sprintf("198.18.%d.0/24", 16*(l.number+1)+node),
		cgroup:  l.cgroup() + "/" + name,
	}
}
