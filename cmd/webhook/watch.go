package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// pollInterval is how often files are looked at without having been told of a change: some file systems tell
	// nothing, and a watch can be lost when a directory is replaced.
	pollInterval = 10 * time.Second
	// settleTime is how long to wait for the rest of a change that has begun.
	settleTime = 50 * time.Millisecond
)

// watch calls changed after something changed in one of the directories and every pollInterval, until ctx ends.
// It watches directories rather than files because the kubelet replaces a mounted ConfigMap or Secret as a whole, by
// swapping a symbolic link in its directory.
func watch(ctx context.Context, logger *slog.Logger, directories []string, changed func()) {
	events, stop := notifications(logger, directories)
	defer stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-events:
			settle(ctx, events)
		}
		changed()
	}
}

// notifications returns the events of the directories. Where there are none to be had, polling has to do.
func notifications(logger *slog.Logger, directories []string) (events <-chan fsnotify.Event, stop func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		logger.Warn("files cannot be watched, changes are found by polling", "error", err, "interval", pollInterval.String())
		return nil, func() {}
	}
	for _, directory := range directories {
		if err := watcher.Add(directory); err != nil {
			logger.Warn("directory cannot be watched, changes are found by polling", "directory", directory, "error", err, "interval", pollInterval.String())
		}
	}
	// An error is a lost event at worst, which the next poll makes up for; but the channel must be read.
	go func() {
		for range watcher.Errors {
		}
	}()
	return watcher.Events, func() { _ = watcher.Close() }
}

// settle waits until nothing has happened for settleTime, a second at most.
func settle(ctx context.Context, events <-chan fsnotify.Event) {
	limit := time.After(time.Second)
	for {
		select {
		case <-ctx.Done():
			return
		case <-limit:
			return
		case <-time.After(settleTime):
			return
		case <-events:
		}
	}
}
