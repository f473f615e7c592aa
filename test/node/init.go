package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Init starts the command as process 1 of a namespace must: it reaps every process that loses its parent. It passes on
// SIGTERM and returns when the command ends; the kernel then kills all that is left in the namespace.
func Init(path string, args ...string) error {
	// Not before the child is there: a child that ended before that would be lost.
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)

	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	for {
		select {
		case <-terminated:
			if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return fmt.Errorf("ending the node: %w", err)
			}
		case <-ended:
			if status, ok := reap(command.Process.Pid); ok {
				return statusError(status)
			}
		}
	}
}

// reap takes the exit status of all processes that have ended, and returns that of the one with the process id.
func reap(pid int) (syscall.WaitStatus, bool) {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil || ended <= 0:
			return 0, false
		case ended == pid && (status.Exited() || status.Signaled()):
			return status, true
		}
	}
}

func statusError(status syscall.WaitStatus) error {
	if status.Exited() && status.ExitStatus() == 0 {
		return nil
	}
	return fmt.Errorf("the node ended with status %d, signal %v", status.ExitStatus(), status.Signal())
}
