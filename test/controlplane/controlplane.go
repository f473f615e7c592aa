// Package controlplane runs a real Kubernetes control plane for tests: etcd, kube-apiserver and, if asked, the
// controllers, on 127.0.0.1 and without root. There is no node, so Pods are created and never run; the package cluster adds nodes.
//
//	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true})
//	plane.CreateNamespace(ctx, "shop", nil)
//	output, err := plane.Kubectl(ctx, "apply", "-f", "deployment.yaml")
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes"

	"github.com/probe-injector/probe-injector/test/process"
)

// startAttempts is how often a start is tried when somebody else takes one of the free ports first.
const startAttempts = 3

// readyTimeout is how long each program may take until it is ready. Eight seconds in all are usual on two cores; the
// rest is for machines that build something at the same time.
const readyTimeout = 2 * time.Minute

// ControlPlane is a running control plane.
type ControlPlane struct {
	options  Options
	programs programs
	files    *files
	client   kubernetes.Interface
	// version is what the API server says of itself, and minor the 36 of 1.36.
	version *version.Info
	minor   int
	// processes in the order they were started.
	processes []*process.Process
}

// Start starts a control plane and returns when it is ready. The programs die with the calling process at the latest.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	programs, err := findPrograms(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("starting a control plane: %w", err)
	}
	var failures []error
	for range startAttempts {
		plane, err := startOnce(ctx, options, programs)
		if err == nil {
			return plane, nil
		}
		failures = append(failures, err)
		if !strings.Contains(err.Error(), "address already in use") {
			break
		}
	}
	return nil, fmt.Errorf("starting a control plane: %w", errors.Join(failures...))
}

// startOnce starts everything on ports that are free now, or leaves nothing behind.
func startOnce(ctx context.Context, options Options, programs programs) (*ControlPlane, error) {
	files, err := newFiles(options)
	if err != nil {
		return nil, err
	}
	plane := &ControlPlane{options: options, programs: programs, files: files}
	steps := []func(context.Context) error{plane.startEtcd, plane.startAPIServer, plane.learnVersion}
	if options.Controllers {
		steps = append(steps, plane.startControllers)
	}
	if len(options.Nodes) > 0 {
		steps = append(steps, plane.startScheduler)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, plane.Stop())
		}
	}
	return plane, nil
}

// Stop kills what was started, the last first, and removes the folder unless the options keep it. Nothing in there is
// worth a graceful end.
func (c *ControlPlane) Stop() error {
	var failures []error
	for _, process := range slices.Backward(c.processes) {
		failures = append(failures, process.Kill())
	}
	if !c.options.KeepDir {
		if err := os.RemoveAll(c.files.dir); err != nil {
			failures = append(failures, fmt.Errorf("removing the control plane's folder: %w", err))
		}
	}
	return errors.Join(failures...)
}

// LogTail returns the last lines of the log of a program, by its name (etcd, kube-apiserver, kube-controller-manager).
func (c *ControlPlane) LogTail(program string, lines int) string {
	for _, p := range c.processes {
		if p.Name() == program {
			return p.LogTail(lines)
		}
	}
	return "no " + program + " was started"
}

// PID returns the process id of a program, or 0 if it was not started.
func (c *ControlPlane) PID(program string) int {
	for _, p := range c.processes {
		if p.Name() == program {
			return p.PID()
		}
	}
	return 0
}

// run starts a program, remembers it for Stop and waits until it is ready.
func (c *ControlPlane) run(ctx context.Context, path string, args []string, ready func(context.Context) error) error {
	started, err := process.Start(process.Command{
		Path:    path,
		Args:    args,
		LogFile: filepath.Join(c.files.dir, filepath.Base(path)+".log"),
	})
	if err != nil {
		return err
	}
	c.processes = append(c.processes, started)
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return started.WaitUntil(ctx, "ready", ready)
}
