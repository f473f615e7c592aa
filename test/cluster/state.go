package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// State is what others have to know of a running cluster. It is a file beside the kubeconfig.
type State struct {
	// Number is the cluster's number.
	Number int
	// Kubeconfig is the path of an admin's kubeconfig.
	Kubeconfig string
	// Nodes are the nodes.
	Nodes []Node
}

// Node is one of the nodes.
type Node struct {
	Name string
	// PID is the process id of the node's process 1, as the machine sees it.
	PID int
	// Cgroup is where the node's Pods are.
	Cgroup string
}

// ReadState reads the state of a cluster from the file.
func ReadState(path string) (State, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return State{}, fmt.Errorf("reading a cluster's state: %w", err)
	}
	var state State
	if err := json.Unmarshal(content, &state); err != nil {
		return State{}, fmt.Errorf("reading a cluster's state from %s: %w", path, err)
	}
	return state, nil
}

// write puts the file in its place at once: who sees it sees all of it.
func (s State) write(path string) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing a cluster's state: %w", err)
	}
	unfinished := filepath.Join(filepath.Dir(path), ".unfinished")
	if err := os.WriteFile(unfinished, content, 0o600); err != nil {
		return fmt.Errorf("writing a cluster's state: %w", err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("writing a cluster's state: %w", err)
	}
	return nil
}
