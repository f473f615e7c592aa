package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Interface is the name of the node's own network interface, which the cluster puts there.
const Interface = "eth0"

// interfaceTimeout is how long the cluster may take to put it there. It takes milliseconds.
const interfaceTimeout = 30 * time.Second

// connect waits for the node's interface and gives it its address and routes.
func connect(ctx context.Context, config Config) error {
	if err := waitForInterface(ctx); err != nil {
		return err
	}
	commands := [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", config.Address, "dev", Interface},
		{"link", "set", Interface, "up"},
		{"route", "add", "default", "via", config.Gateway},
	}
	for pods, via := range config.Routes {
		commands = append(commands, []string{"route", "add", pods, "via", via})
	}
	for _, args := range commands {
		if output, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, output)
		}
	}
	// The node passes packets on to its Pods.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("switching on forwarding: %w", err)
	}
	return nil
}

func waitForInterface(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, interfaceTimeout)
	defer cancel()
	for {
		if exec.CommandContext(ctx, "ip", "link", "show", Interface).Run() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no network interface %s came: %w", Interface, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// writeNetworkPlugins tells containerd how Pods get their addresses: from the node's range, on a bridge.
func writeNetworkPlugins(config Config) error {
	const pattern = `{
  "cniVersion": "1.0.0", "name": "pods", "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipam": {
      "type": "host-local", "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}]}
`
	if err := os.MkdirAll(networkPlugins, 0o755); err != nil {
		return fmt.Errorf("making the folder of network plugins: %w", err)
	}
	path := filepath.Join(networkPlugins, "10-pods.conflist")
	if err := os.WriteFile(path, fmt.Appendf(nil, pattern, config.Pods), 0o644); err != nil {
		return fmt.Errorf("writing the network plugins: %w", err)
	}
	return nil
}
