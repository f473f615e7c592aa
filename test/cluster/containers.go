package cluster

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Import makes an image of an archive known to every node.
func (s State) Import(ctx context.Context, archive string) error {
	return s.importImage(ctx, archive)
}

// ImportLayout makes the images of an OCI image layout in an archive known to every node. Images of a layout have only a
// tag, and get the name in front of it.
func (s State) ImportLayout(ctx context.Context, archive, name string) error {
	return s.importImage(ctx, archive, "--base-name", name)
}

func (s State) importImage(ctx context.Context, archive string, options ...string) error {
	for _, node := range s.Nodes {
		// The archive is the machine's, containerd the node's: only mounts differ.
		args := append([]string{"--target", strconv.Itoa(node.PID), "--mount", "ctr", "--namespace", "k8s.io", "images", "import"}, options...)
		cmd := exec.CommandContext(ctx, "nsenter", append(args, archive)...)
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("importing %s into %s: %w: %s", archive, node.Name, err, output)
		}
	}
	return nil
}

// Processes returns the processes of a container, as the machine sees them. The container is named as in a Pod's status,
// by containerd://<id>.
func (s State) Processes(containerID string) ([]int, error) {
	_, id, _ := strings.Cut(containerID, "://")
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	for _, node := range s.Nodes {
		processes, err := processesBelow(filepath.Join(roots[0], node.Cgroup), id)
		if err != nil || len(processes) > 0 {
			return processes, err
		}
	}
	return nil, fmt.Errorf("no node has processes of the container %s", containerID)
}

// processesBelow looks for the cgroup of a container.
func processesBelow(root, id string) ([]int, error) {
	var processes []int
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreNotExist(err)
		}
		if !entry.IsDir() || entry.Name() != id {
			return nil
		}
		processes, err = readProcesses(filepath.Join(path, "cgroup.procs"))
		if err != nil {
			return err
		}
		return fs.SkipAll
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the processes of the container %s: %w", id, err)
	}
	return processes, nil
}

func readProcesses(path string) ([]int, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var processes []int
	for field := range strings.FieldsSeq(string(content)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		processes = append(processes, pid)
	}
	return processes, nil
}
