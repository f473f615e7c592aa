package pages

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Shell is a reader's shell: what a command changes, such as the folder or a variable, the next one finds.
type Shell struct {
	command *exec.Cmd
	input   io.WriteCloser
	codes   *bufio.Reader
	results *os.File
	// work holds the script and the output of the command that runs.
	work string
}

// NewShell starts a shell in a folder. Files of its own go to work.
func NewShell(folder, work string, environment []string) (*Shell, error) {
	results, written, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting a shell: %w", err)
	}
	defer written.Close()
	// It ends when it is closed, or with the command that does not end in time.
	command := exec.Command("bash", "--noprofile", "--norc", "-s")
	command.Dir, command.Env, command.ExtraFiles = folder, environment, []*os.File{written}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, results.Close())
	}
	if err := command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a shell: %w", err), results.Close())
	}
	return &Shell{command: command, input: input, codes: bufio.NewReader(results), results: results, work: work}, nil
}

// errShellEnded is what a command returns that ended the shell itself.
var errShellEnded = errors.New("it ended the shell")

// Run runs a command, and returns what it printed, on both outputs, and how it ended.
func (s *Shell) Run(ctx context.Context, command string) (printed string, code int, err error) {
	script, output := filepath.Join(s.work, "command.sh"), filepath.Join(s.work, "output")
	if err := os.WriteFile(script, []byte(command+"\n"), 0o600); err != nil {
		return "", 0, fmt.Errorf("writing a command: %w", err)
	}
	if _, err := fmt.Fprintf(s.input, ". %s >%s 2>&1 3>&- </dev/null; echo $? >&3\n", script, output); err != nil {
		return "", 0, fmt.Errorf("%w: %w", errShellEnded, err)
	}
	stop := context.AfterFunc(ctx, s.kill)
	defer stop()
	line, readErr := s.codes.ReadString('\n')
	content, err := os.ReadFile(output)
	if err != nil {
		return "", 0, fmt.Errorf("reading what a command printed: %w", err)
	}
	if readErr != nil {
		return string(content), 0, errors.Join(errShellEnded, ctx.Err())
	}
	code, err = strconv.Atoi(strings.TrimSpace(line))
	return string(content), code, err
}

// kill ends the shell and what it started.
func (s *Shell) kill() { _ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL) }

// Close ends the shell, and what it left running.
func (s *Shell) Close() error {
	s.kill()
	_ = s.command.Wait() // It was killed.
	return s.results.Close()
}
