package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Folders are those to which the programs write whatever they are told. The node has its own in their place; they have
// to be there as mount points.
func Folders() []string {
	return []string{
		"/run",
		"/var/lib/cni",
		"/var/lib/containerd",
		"/var/lib/kubelet",
		"/var/log/containers",
		"/var/log/pods",
	}
}

// mountFolders makes the node's own mounts. Whatever is mounted from here on is not seen outside, and ends with the
// namespace.
func mountFolders(dir string) error {
	// First cut off from the machine's mounts, then shared again within: volumes have to reach the containers.
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE); err != nil {
		return err
	}
	for _, folder := range Folders() {
		own := filepath.Join(dir, "root", folder)
		if err := os.MkdirAll(own, 0o755); err != nil {
			return fmt.Errorf("making a folder of the node: %w", err)
		}
		if err := mount(own, folder, "", syscall.MS_BIND); err != nil {
			return err
		}
	}
	return errors.Join(
		mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NOEXEC|syscall.MS_NODEV),
		mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED),
	)
}

func mount(source, target, kind string, flags uintptr) error {
	if err := syscall.Mount(source, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	return nil
}
