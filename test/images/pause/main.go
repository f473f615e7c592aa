// Command pause holds the namespaces of a Pod: it waits until it is told to end.
//
// Where the containers of a Pod share one process namespace it is process 1 of it, so it also takes the exit status of
// processes whose parent is gone, lest they stay as zombies.
package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// SIGCHLD tells that a child has ended, the others that the Pod shall end.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT)
	wait(signals)
}

// wait reaps children until another signal comes.
func wait(signals <-chan os.Signal) {
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// reap takes the exit status of every child that has ended: one signal may stand for several.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
	}
}
