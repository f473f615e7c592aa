package cluster

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/test/node"
)

// makeNetwork makes the bridge that connects the nodes with the machine.
func (l layout) makeNetwork(ctx context.Context) error {
	return ip(ctx,
		[]string{"link", "add", l.bridge(), "type", "bridge"},
		[]string{"address", "add", l.network(), "dev", l.bridge()},
		[]string{"link", "set", l.bridge(), "up"},
	)
}

// connect gives a node, by its process id, its interface, and the machine the way to the node's Pods.
func (l layout) connect(ctx context.Context, p place, pid int) error {
	return ip(ctx,
		[]string{"link", "add", p.link, "type", "veth", "peer", "name", node.Interface, "netns", strconv.Itoa(pid)},
		[]string{"link", "set", p.link, "master", l.bridge()},
		[]string{"link", "set", p.link, "up"},
		[]string{"route", "add", p.pods, "via", p.address},
	)
}

// removeNetwork removes the bridge, and with it the routes, and the nodes' links to it: those end with their namespaces,
// but not at once.
func (l layout) removeNetwork(ctx context.Context) error {
	links := []string{l.bridge()}
	for number := 1; number <= nodes; number++ {
		links = append(links, l.place(number).link)
	}
	for _, link := range links {
		if _, err := net.InterfaceByName(link); err != nil {
			continue
		}
		// It may be ending at this moment.
		deleted := ip(ctx, []string{"link", "delete", link})
		if _, err := net.InterfaceByName(link); err == nil {
			return deleted
		}
	}
	return nil
}

// ip runs commands of iproute2.
func ip(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if output, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, output)
		}
	}
	return nil
}
