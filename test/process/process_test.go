package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/process"
)

// shell starts a shell script.
func shell(t *testing.T, script string) *process.Process {
	t.Helper()
	p, err := process.Start(process.Command{
		Path: "sh", Args: []string{"-c", script}, LogFile: filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// waitForLog returns the log as soon as it has the text.
func waitForLog(t *testing.T, p *process.Process, text string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if log, err := p.Log(); err == nil && strings.Contains(log, text) {
			return log
		}
	}
	t.Fatalf("%q never appeared in %q", text, p.LogTail(10))
	return ""
}

func TestKillEndsChildrenToo(t *testing.T) {
	p := shell(t, `sleep 300 & echo "child $!."; wait`)
	var child int
	if _, err := fmt.Sscanf(waitForLog(t, p, "."), "child %d.", &child); err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	waitUntilGone(t, child)
}

func TestTerminate(t *testing.T) {
	cases := map[string]struct {
		script string
		want   []string
	}{
		"a program that ends well is no error": {
			script: `trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done`,
		},
		"another exit code is one, with the log": {
			script: `trap 'echo ouch; exit 3' TERM; echo up; while :; do sleep 0.1; done`,
			want:   []string{"exit status 3", "ouch"},
		},
		"a program that does not end is killed": {
			script: `trap '' TERM; echo up; while :; do sleep 0.1; done`,
			want:   []string{"did not end"},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			p := shell(t, test.script)
			waitForLog(t, p, "up")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := p.Terminate(ctx)
			if p.Running() {
				t.Error("it still runs")
			}
			if (err == nil) != (test.want == nil) {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}

func TestWaitUntilGivesUpWhenTheProgramEnds(t *testing.T) {
	p := shell(t, "echo no such luck; exit 1")
	err := p.WaitUntil(t.Context(), "ready", func(context.Context) error { return errors.New("not yet") })
	if err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("the error is %v", err)
	}
}

// TestNothingSurvivesACrash runs this test once more, as a process that starts a program and is then killed.
func TestNothingSurvivesACrash(t *testing.T) {
	const pidFile = "PROBE_INJECTOR_TEST_PID_FILE"
	if path := os.Getenv(pidFile); path != "" {
		p := shell(t, "exec sleep 300")
		if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", p.PID()), 0o600); err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		return
	}
	path := filepath.Join(t.TempDir(), "pid")
	crashing := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	crashing.Env = append(os.Environ(), pidFile+"="+path)
	if err := crashing.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	for deadline := time.Now().Add(10 * time.Second); pid == 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if content, err := os.ReadFile(path); err == nil {
			_, _ = fmt.Sscanf(string(content), "%d\n", &pid)
		}
	}
	if err := crashing.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = crashing.Wait()
	if pid == 0 {
		t.Fatal("the program was never started")
	}
	waitUntilGone(t, pid)
}

// waitUntilGone waits until a process has ended. A zombie that nobody has waited for yet counts as ended.
func waitUntilGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}
