package node

import (
	"encoding/json"
	"fmt"
	"os"
)

// Config is all that a node has to know. The cluster writes it to a file.
type Config struct {
	// Name is the node's name and host name.
	Name string
	// Address is the node's own address with the size of its network, such as 198.18.0.11/24, and Gateway the machine's
	// address in that network.
	Address, Gateway string
	// Pods is the range of the addresses of this node's Pods.
	Pods string
	// AllPods is the range of the addresses of all Pods.
	AllPods string
	// Routes are ways to the Pods of other nodes: range to address.
	Routes map[string]string
	// Dir is the node's folder, on a disk: images, containers, logs.
	Dir string
	// Cgroup is the cgroup below which the node's Pods are, such as /probe-injector-0/node-1. It has to exist.
	Cgroup string
	// Kubelet and Proxy are the programs.
	Kubelet, Proxy string
	// Kubeconfig and ProxyKubeconfig are how they reach the API server.
	Kubeconfig, ProxyKubeconfig string
	// PauseImage is the image that holds a Pod's network. It has to be imported.
	PauseImage string
}

// ReadConfig reads the file that WriteFile wrote.
func ReadConfig(path string) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading a node's configuration: %w", err)
	}
	var config Config
	if err := json.Unmarshal(content, &config); err != nil {
		return Config{}, fmt.Errorf("reading a node's configuration from %s: %w", path, err)
	}
	return config, nil
}

// WriteFile writes the configuration for ReadConfig.
func (c Config) WriteFile(path string) error {
	content, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("writing a node's configuration: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing a node's configuration: %w", err)
	}
	return nil
}
