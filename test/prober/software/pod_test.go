package software_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/process"
	"github.com/probe-injector/probe-injector/test/software"
)

// network is a bridge of this machine on which Pods have their addresses.
type network struct {
	bridge string
	// gateway is the address of the bridge itself, and those of the Pods follow it.
	gateway netip.Addr
}

// startNetwork makes the bridge. Its name and its addresses, of the range for measurements (RFC 2544), are those of this
// process, so that two tests may run at once.
func startNetwork(t *testing.T) network {
	t.Helper()
	n := network{
		bridge:  fmt.Sprintf("probed%d", os.Getpid()),
		gateway: netip.AddrFrom4([4]byte{198, 18, byte(os.Getpid()), 1}),
	}
	run(t, "ip", "link", "add", n.bridge, "type", "bridge")
	t.Cleanup(func() { run(t, "ip", "link", "delete", n.bridge) })
	run(t, "ip", "address", "add", n.gateway.String()+"/24", "dev", n.bridge)
	run(t, "ip", "link", "set", n.bridge, "up")
	return n
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, output)
	}
}

// sandbox is what a Pod has before its program runs: a network with an address, a /tmp and a ServiceAccount of its own.
type sandbox struct {
	pid     int
	address netip.Addr
	folder  string
}

// world is the script of the process that holds a sandbox. Nothing that it mounts is seen outside.
const world = `
	mount --make-rprivate /
	mount -t tmpfs none /run
	mkdir -p /run/secrets/kubernetes.io
	cp -r "$1/account" /run/secrets/kubernetes.io/serviceaccount
	if [ -n "$2" ]; then
		mount --bind "$1" "$2/tmp"
		mount --rbind /proc "$2/proc"
		mount --rbind /dev "$2/dev"
	fi
	mount --bind "$1" /tmp
	echo made
	exec sleep infinity`

// newSandbox makes the sandbox of the number-th Pod, counted from 0.
func (n network) newSandbox(t *testing.T, number int, each *software.Software, plane *controlplane.ControlPlane) sandbox {
	t.Helper()
	octets := n.gateway.As4()
	octets[3] = byte(number + 2)
	s := sandbox{address: netip.AddrFrom4(octets), folder: t.TempDir()}
	s.write(t, each, plane)
	held := filepath.Join(t.TempDir(), "held")
	holder, err := process.Start(process.Command{
		Path: "sh", Args: []string{"-euc", world, "sh", s.folder, debianRootOf(t, each)}, Namespaces: true, LogFile: held,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := holder.Kill(); err != nil {
			t.Error(err)
		}
	})
	err = holder.WaitUntil(t.Context(), "made", func(context.Context) error {
		if log, err := holder.Log(); err != nil || !strings.Contains(log, "made") {
			return fmt.Errorf("its log is %q: %w", log, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.pid = holder.PID()
	outside := fmt.Sprintf("%sn%d", strings.TrimPrefix(n.bridge, "probe"), number)
	run(t, "ip", "link", "add", outside, "master", n.bridge, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(s.pid))
	run(t, "ip", "link", "set", outside, "up")
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", s.address.String() + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "default", "via", n.gateway.String()},
	} {
		run(t, "nsenter", append([]string{"--target", strconv.Itoa(s.pid), "--net", "ip"}, args...)...)
	}
	return s
}

// debianRootOf is the root of a program of Debian, else empty.
func debianRootOf(t *testing.T, each *software.Software) string {
	t.Helper()
	if _, is := each.Source.(software.Debian); !is {
		return ""
	}
	root, err := software.DebianRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// write fills the folder that becomes /tmp, and the account beside it.
func (s sandbox) write(t *testing.T, each *software.Software, plane *controlplane.ControlPlane) {
	t.Helper()
	config := plane.RESTConfig()
	files := map[string]string{
		"account/token": config.BearerToken, "account/ca.crt": string(config.CAData), "account/namespace": "default",
	}
	maps.Copy(files, each.Files)
	if err := os.Mkdir(filepath.Join(s.folder, "account"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Programs that are not root write there too.
	if err := os.Chmod(s.folder, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
}

// start starts the program in the sandbox.
func (s sandbox) start(t *testing.T, each *software.Software, apiServer netip.AddrPort) *process.Process {
	t.Helper()
	root, err := each.Source.Root()
	if err != nil {
		t.Fatal(err)
	}
	program, err := each.Source.Program()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--target", strconv.Itoa(s.pid), "--net", "--mount", "--uts", "--"}, root...)
	args = append(args, "sh", "-euc", each.Before+"\nexec \"$@\"", "sh", program)
	env := []string{"KUBERNETES_SERVICE_HOST=" + apiServer.Addr().String(), fmt.Sprintf("KUBERNETES_SERVICE_PORT=%d", apiServer.Port())}
	for _, variable := range each.Env {
		env = append(env, variable.Name+"="+variable.Value)
	}
	started, err := process.Start(process.Command{
		Path: "nsenter", Args: append(args, each.Args...), Dir: "/", Env: env, LogFile: filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of its log:\n%s", started.LogTail(30))
		}
	})
	return started
}
