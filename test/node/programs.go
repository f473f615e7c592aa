package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/process"
)

// Where containerd listens and looks for what is said about the network, within the node's own /run.
const (
	ContainerdSocket = "/run/containerd/containerd.sock"
	networkPlugins   = "/run/network-plugins"
)

// program is one of the three, with the file that configures it.
type program struct {
	path          string
	configuration string
	args          []string
	ready         func(context.Context) error
}

// programs lists what a node runs, in order: each needs the one before. kube-proxy looks for the Node that the kubelet
// makes.
func programs(config Config) ([]program, error) {
	address, err := netip.ParsePrefix(config.Address)
	if err != nil {
		return nil, fmt.Errorf("reading the node's address: %w", err)
	}
	own := address.Addr().String()
	containerd := program{
		path:          "containerd",
		configuration: fmt.Sprintf(containerdPattern, ContainerdSocket, config.PauseImage, networkPlugins),
		args:          []string{"--config", configurationPath("containerd")},
		ready:         func(ctx context.Context) error { return listens(ctx, "unix", ContainerdSocket) },
	}
	kubelet := program{
		path:          config.Kubelet,
		configuration: fmt.Sprintf(kubeletPattern, own, ContainerdSocket, config.Cgroup),
		args: []string{
			"--config=" + configurationPath("kubelet"),
			"--kubeconfig=" + config.Kubeconfig,
			"--hostname-override=" + config.Name,
			"--node-ip=" + own,
		},
		ready: func(ctx context.Context) error { return answersOK(ctx, "http://127.0.0.1:10248/healthz") },
	}
	proxy := program{
		path:          config.Proxy,
		configuration: fmt.Sprintf(proxyPattern, config.ProxyKubeconfig, config.Name, config.AllPods),
		args:          []string{"--config=" + configurationPath("kube-proxy")},
		ready:         func(ctx context.Context) error { return answersOK(ctx, "http://127.0.0.1:10256/livez") },
	}
	return []program{containerd, kubelet, proxy}, nil
}

func configurationPath(name string) string { return filepath.Join("/run", name+".configuration") }

// start starts a program and waits until it is ready.
func (p program) start(ctx context.Context, dir string) (*process.Process, error) {
	name := filepath.Base(p.path)
	if err := os.WriteFile(configurationPath(name), []byte(p.configuration), 0o600); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	started, err := process.Start(process.Command{Path: p.path, Args: p.args, LogFile: filepath.Join(dir, name+".log")})
	if err != nil {
		return nil, err
	}
	return started, started.WaitUntil(ctx, "ready", p.ready)
}

func listens(ctx context.Context, network, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	return connection.Close()
}

func answersOK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
