// Package process runs the programs that tests need, each in a process group of its own, with its output in a log file,
// and sees to it that none of them outlives the test, however the test ends.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// tailLines is how much of a log an error message quotes.
const tailLines = 30

// Command says what to run.
type Command struct {
	// Path is the program.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Dir is where it runs; empty means the directory of the test.
	Dir string
	// Env is added to the environment of the test.
	Env []string
	// Namespaces gives the program a world of its own, in which it is process 1: process ids, mounts, network, host name.
	// All that is in there ends with it. It needs root, and Linux.
	Namespaces bool
	// LogFile receives stdout and stderr. It is appended to, so that a restarted program keeps its history.
	LogFile string
}

// Process is a running program, or one that has ended.
type Process struct {
	command Command
	pid     int
	done    chan struct{}
	// err and usage are how the program ended; written before done is closed, and only then read.
	err   error
	usage *os.ProcessState
}

// Start runs the command. The program is killed when the test process dies, for whatever reason.
func Start(command Command) (*Process, error) {
	log, err := os.OpenFile(command.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", filepath.Base(command.Path), err)
	}
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Dir = command.Dir
	cmd.Env = append(os.Environ(), command.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = ownGroup()
	if command.Namespaces {
		inNamespaces(cmd.SysProcAttr)
	}

	p := &Process{command: command, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer log.Close()
		// The kernel's "kill me when my parent dies" means the parent's thread. So the thread that starts the program
		// has to live as long as the program does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		p.usage = cmd.ProcessState
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Path, err)
	}
	return p, nil
}

// Name is the name of the program.
func (p *Process) Name() string { return filepath.Base(p.command.Path) }

// PID is the process id, also after the program has ended.
func (p *Process) PID() int { return p.pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the program has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// State is how the program ended and what it used, or nil while it runs.
func (p *Process) State() *os.ProcessState {
	if p.Running() {
		return nil
	}
	return p.usage
}

// Signal sends a signal to the program's whole group. It is no error if the program has ended.
func (p *Process) Signal(signal syscall.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := syscall.Kill(-p.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("sending %s to %s: %w", signal, p.Name(), err)
	}
	return nil
}

// Kill ends the program at once and waits until it has.
func (p *Process) Kill() error {
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Terminate sends SIGTERM and waits until the program has ended by itself. A program that is still running when the
// context ends is killed, and that is an error, as is any exit code but 0.
func (p *Process) Terminate(ctx context.Context) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		if p.err != nil {
			return p.Failure("ended badly after SIGTERM")
		}
		return nil
	case <-ctx.Done():
		return errors.Join(p.Failure("did not end after SIGTERM"), p.Kill())
	}
}

// WaitUntil calls ready every few milliseconds until it returns nil. It gives up when the context ends or the program
// does, and then the error has the last answer of ready and the tail of the log.
func (p *Process) WaitUntil(ctx context.Context, what string, ready func(context.Context) error) error {
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.Failure("ended before it was " + what)
		case <-ctx.Done():
			return errors.Join(p.Failure("is not "+what), last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Failure makes an error of the program's name, what went wrong, how it ended (if it did) and the tail of its log.
func (p *Process) Failure(what string) error {
	ending := "still running"
	if !p.Running() {
		ending = p.usage.String()
	}
	return fmt.Errorf("%s %s (%s); the end of its log:\n%s", p.Name(), what, ending, p.LogTail(tailLines))
}
