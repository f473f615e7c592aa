package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/cluster"
	"github.com/probe-injector/probe-injector/test/images"
)

// testNumber is the cluster of these tests, so that one that somebody works with goes on.
const testNumber = 9

// command is the program, built for the test.
type command struct{ path string }

func newCommand(t *testing.T) command {
	t.Helper()
	c := command{filepath.Join(t.TempDir(), "command")}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", c.path, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v: %s", err, output)
	}
	t.Cleanup(func() {
		if output, err := c.start(context.Background(), "down").output(); err != nil {
			t.Errorf("down: %v: %s", err, output)
		}
	})
	return c
}

// running is a subcommand that has been started.
type running struct {
	*exec.Cmd
	printed *bytes.Buffer
	err     error
}

func (c command) start(ctx context.Context, args ...string) *running {
	r := &running{Cmd: exec.CommandContext(ctx, c.path, args...), printed: &bytes.Buffer{}}
	r.Env = append(os.Environ(), "E2E_CLUSTER="+strconv.Itoa(testNumber), "E2E_KUBECONFIG=")
	r.Stdout, r.Stderr = r.printed, r.printed
	r.err = r.Start()
	return r
}

func (r *running) output() (string, error) {
	if r.err == nil {
		r.err = r.Wait()
	}
	return r.printed.String(), r.err
}

// must runs a subcommand that has to succeed.
func (c command) must(t *testing.T, args ...string) string {
	t.Helper()
	output, err := c.start(t.Context(), args...).output()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, output)
	}
	return output
}

// refuses runs a subcommand that has to fail, and to say why.
func refuses(t *testing.T, c command, why string, args ...string) {
	t.Helper()
	if output, err := c.start(t.Context(), args...).output(); err == nil || !strings.Contains(output, why) {
		t.Errorf("%s: %v: %s", strings.Join(args, " "), err, output)
	}
}

// TestACluster goes through the life of clusters. One number is one cluster at a time, so one step follows the other.
func TestACluster(t *testing.T) {
	c := newCommand(t)
	c.must(t, "down")

	t.Run("up twice is up once, and down leaves nothing", func(t *testing.T) {
		first, second := c.must(t, "up"), c.must(t, "up")
		if first != second || !strings.Contains(first, "export KUBECONFIG=") {
			t.Errorf("the first said %q, the second %q", first, second)
		}
		expectNode(t)
		c.must(t, "down")
		expectNothing(t)
		c.must(t, "down")
	})
	t.Run("import says what it needs, and brings an image to every node", func(t *testing.T) {
		refuses(t, c, "say what to import", "import")
		refuses(t, c, "does not run", "import", "image.tar")
		image, err := images.Pause(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.must(t, "up")
		if said := c.must(t, "import", image.Archive); !strings.Contains(said, "into 2 nodes") {
			t.Errorf("it said %q", said)
		}
		refuses(t, c, "no such file", "import", "there-is-no-such.tar")
		c.must(t, "down")
	})
	t.Run("an owner that is killed takes its nodes along, and down removes the rest", func(t *testing.T) {
		c.must(t, "up")
		if err := syscall.Kill(owner(t), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		c.must(t, "down")
		expectNothing(t)
	})
	t.Run("Ctrl-C while it starts leaves nothing", func(t *testing.T) {
		up := c.start(t.Context(), "up")
		waitFor(t, "the network", func() error { _, err := net.InterfaceByName(bridge()); return err })
		if err := up.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if output, err := up.output(); err == nil {
			t.Errorf("it succeeded: %s", output)
		}
		expectNothing(t)
	})
	t.Run("a failing test is reported, and its cluster taken down", func(t *testing.T) {
		output, err := c.start(t.Context(), "test", "./no/such/package").output()
		if err == nil || !strings.Contains(output, "[setup failed]") {
			t.Errorf("%v: %s", err, output)
		}
		expectNothing(t)
	})
	t.Run("Ctrl-C while it tests takes the cluster down", func(t *testing.T) {
		// Whatever runs for long: this package again would be us.
		test := c.start(t.Context(), "test", "-count=1", "./defaults/...", "./server/...")
		waitFor(t, "the cluster", func() error { _, _, err := cluster.Running(testNumber); return err })
		waitFor(t, "the cluster's state", func() error { _, err := os.Stat(statePath(t)); return err })
		if err := test.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if output, err := test.output(); err == nil {
			t.Errorf("it succeeded: %s", output)
		}
		expectNothing(t)
	})
}

func bridge() string { return fmt.Sprintf("pinj%d", testNumber) }

func folder(t *testing.T) string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, ".cache", "e2e", strconv.Itoa(testNumber))
}

func statePath(t *testing.T) string {
	t.Helper()
	return filepath.Join(folder(t), "cluster.json")
}

// owner is the process id of the cluster's owner.
func owner(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile(folder(t) + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(content))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// expectNode expects a running cluster with its nodes.
func expectNode(t *testing.T) {
	t.Helper()
	state, err := cluster.ReadState(statePath(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Nodes) == 0 {
		t.Error("it has no nodes")
	}
	for _, node := range state.Nodes {
		if err := syscall.Kill(node.PID, 0); err != nil {
			t.Errorf("%s does not run: %v", node.Name, err)
		}
	}
}

// expectNothing expects neither network nor cgroup nor file nor process of the cluster.
func expectNothing(t *testing.T) {
	t.Helper()
	if _, err := net.InterfaceByName(bridge()); err == nil {
		t.Errorf("the bridge %s is still there", bridge())
	}
	left, err := filepath.Glob("/sys/fs/cgroup/*/probe-injector-" + strconv.Itoa(testNumber))
	if err != nil || len(left) > 0 {
		t.Errorf("cgroups are still there: %v, %v", left, err)
	}
	if _, err := os.Stat(folder(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range commands {
		// A process may end while we look; then it is gone, as it should be.
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), folder(t)+"/") {
			t.Errorf("still there: %s", strings.ReplaceAll(string(content), "\x00", " "))
		}
	}
}

// waitFor waits until something is there.
func waitFor(t *testing.T, what string, isThere func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := isThere()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
