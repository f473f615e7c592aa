package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// hierarchies lists where a cgroup has to be made: in each hierarchy of version 1, or in the one of version 2.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{cgroupRoot}, nil
	}
	found, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	if err != nil || len(found) == 0 {
		return nil, errors.Join(fmt.Errorf("no cgroups are mounted in %s", cgroupRoot), err)
	}
	all := make([]string, 0, len(found))
	for _, file := range found {
		all = append(all, filepath.Dir(file))
	}
	return all, nil
}

// makeCgroup makes a cgroup with all controllers that the machine has.
func makeCgroup(cgroup string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := delegateControllers(root, cgroup); err != nil {
			return err
		}
	}
	return nil
}

// delegateControllers makes the cgroup in one hierarchy. In version 2 every level has to hand its controllers on.
func delegateControllers(root, cgroup string) error {
	dir := root
	for part := range strings.SplitSeq(strings.Trim(cgroup, "/"), "/") {
		controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err == nil && root == cgroupRoot {
			for controller := range strings.FieldsSeq(string(controllers)) {
				if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0o644); err != nil {
					return fmt.Errorf("handing on the cgroup controller %s: %w", controller, err)
				}
			}
		}
		dir = filepath.Join(dir, part)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
	}
	return nil
}

// removeCgroup removes a cgroup with all below it. The kernel may take a moment to see that they are empty.
func removeCgroup(cgroup string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		path := filepath.Join(root, cgroup)
		for attempt := 0; ; attempt++ {
			err := removeFolders(path)
			if err == nil {
				break
			}
			if attempt == 50 {
				return fmt.Errorf("removing a cgroup: %w", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}

// removeFolders removes a folder with those below it, but no file: those of a cgroup go with it.
func removeFolders(path string) error {
	var folders []string
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return ignoreNotExist(err)
	})
	for _, folder := range slices.Backward(folders) {
		err = errors.Join(err, ignoreNotExist(os.Remove(folder)))
	}
	return err
}

func ignoreNotExist(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
