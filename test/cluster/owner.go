package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/probe-injector/probe-injector/test/node"
)

// downTimeout is how long a cluster may take to end. A few seconds are usual.
const downTimeout = time.Minute

// owner is the process whose cluster it is. It holds a lock as long as it lives, which says more than a process id can:
// those are used again.
type owner struct{ file *os.File }

// own makes the calling process the owner of a cluster.
func own(l layout) (*owner, error) {
	file, err := openLock(l)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(fmt.Errorf("cluster %d runs already; make e2e-down ends it: %w", l.number, err), file.Close())
	}
	content := []byte(strconv.Itoa(os.Getpid()))
	if err := errors.Join(file.Truncate(0), writeAt(file, content)); err != nil {
		return nil, errors.Join(fmt.Errorf("noting the cluster's owner: %w", err), file.Close())
	}
	return &owner{file}, nil
}

// openLock opens the file that an owner holds.
func openLock(l layout) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(l.lockPath()), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of clusters: %w", err)
	}
	file, err := os.OpenFile(l.lockPath(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the cluster: %w", err)
	}
	return file, nil
}

// lock takes the lock, or says after a moment that somebody else has it: who only looks whether a cluster runs holds it
// for a few microseconds.
func lock(file *os.File) error {
	for attempt := 0; ; attempt++ {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || attempt == 5 {
			return err
		}
		<-time.After(10 * time.Millisecond)
	}
}

func writeAt(file *os.File, content []byte) error {
	_, err := file.WriteAt(content, 0)
	return err
}

// release ends the ownership. The file stays: removing a lock is a race.
func (o *owner) release() error { return o.file.Close() }

// Running returns the state of the cluster with the number, if one runs and is complete.
func Running(number int) (statePath string, running bool, err error) {
	layout, err := newLayout(number)
	if err != nil {
		return "", false, err
	}
	file, err := openLock(layout)
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return "", false, nil
	}
	if _, err := os.Stat(layout.statePath()); err != nil {
		return "", false, fmt.Errorf("cluster %d is starting or ending: %w", number, err)
	}
	return layout.statePath(), true, nil
}

// Down ends the cluster with the number, whoever owns it, and removes what a crashed one left behind. It is no error if
// there is none.
func Down(ctx context.Context, number int) error {
	layout, err := newLayout(number)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	for {
		owner, err := own(layout)
		if err == nil {
			return errors.Join(layout.clean(ctx), owner.release())
		}
		if err := signalOwner(layout); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("cluster %d does not end: %w", number, ctx.Err()), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// signalOwner asks the owner, who holds the lock at this moment, to end.
func signalOwner(l layout) error {
	content, err := os.ReadFile(l.lockPath())
	if err != nil {
		return fmt.Errorf("looking for the cluster's owner: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return fmt.Errorf("looking for the cluster's owner in %s: %w", l.lockPath(), err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("asking process %d to end: %w", pid, err)
	}
	return nil
}

// clean removes everything that a cluster makes and that does not end with its processes.
func (l layout) clean(ctx context.Context) error {
	return errors.Join(
		l.removeNetwork(ctx),
		removeCgroup(l.cgroup()),
		os.RemoveAll(l.dir),
	)
}

// makeMountPoints makes the folders on which nodes mount their own. They stay: a folder that is removed takes the mounts of
// other clusters with it.
func makeMountPoints() error {
	for _, folder := range node.Folders() {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making a mount point: %w", err)
		}
	}
	return nil
}
