package certmanager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/probe-injector/probe-injector/test/process"
)

// Host is cert-manager as processes of this machine.
type Host struct {
	dir       string
	processes []*process.Process
}

// StartHost installs cert-manager without Pods, runs its programs here and returns when it accepts objects. The API server
// has to be on this machine. The programs die with the calling process at the latest.
func StartHost(ctx context.Context, release Release) (*Host, error) {
	dir, err := os.MkdirTemp("", "probe-injector-cert-manager-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for cert-manager: %w", err)
	}
	host := &Host{dir: dir}
	if err := host.start(ctx, release); err != nil {
		return nil, errors.Join(fmt.Errorf("starting cert-manager: %w", err), host.Stop())
	}
	return host, nil
}

// start installs the chart, which makes the permissions first, and starts the programs.
func (h *Host) start(ctx context.Context, release Release) error {
	ports, err := process.FreePorts(3)
	if err != nil {
		return err
	}
	// The bundle that cainjector writes is for a name: the webhook cannot be asked for certificates of addresses.
	address := "localhost:" + strconv.Itoa(ports[0])
	err = release.install(ctx, "--set", "webhook.url.host="+address,
		"--set", "replicaCount=0", "--set", "cainjector.replicaCount=0", "--set", "webhook.replicaCount=0")
	if err != nil {
		return err
	}
	for _, run := range []struct {
		program Program
		account string
		args    []string
	}{
		{Webhook, "cert-manager-webhook", []string{
			"--secure-port=" + strconv.Itoa(ports[0]), "--healthz-port=" + strconv.Itoa(ports[1]), "--metrics-listen-address=0",
			"--dynamic-serving-ca-secret-namespace=" + Namespace, "--dynamic-serving-ca-secret-name=cert-manager-webhook-ca",
			"--dynamic-serving-dns-names=localhost",
		}},
		{CAInjector, "cert-manager-cainjector", []string{"--metrics-listen-address=0"}},
		{Controller, "cert-manager", []string{"--healthz-listen-address=127.0.0.1:" + strconv.Itoa(ports[2])}},
	} {
		if err := h.run(ctx, release, run.program, run.account, run.args); err != nil {
			return err
		}
	}
	if err := release.waitUntilUsable(ctx); err != nil {
		return errors.Join(err, errors.New(h.LogTail(20)))
	}
	return nil
}

// run starts a program as its ServiceAccount.
func (h *Host) run(ctx context.Context, release Release, program Program, account string, args []string) error {
	path, err := program.Path(ctx)
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(h.dir, account+".kubeconfig")
	if err := writeKubeconfigAs(release.Kubeconfig, account, kubeconfig); err != nil {
		return err
	}
	started, err := process.Start(process.Command{
		Path: path, Args: append([]string{"--v=2", "--kubeconfig=" + kubeconfig}, args...),
		LogFile: filepath.Join(h.dir, string(program)+".log"),
	})
	if err != nil {
		return err
	}
	h.processes = append(h.processes, started)
	return nil
}

// writeKubeconfigAs makes a kubeconfig with which the admin of another acts as a ServiceAccount of cert-manager, so that
// the permissions of the chart hold.
func writeKubeconfigAs(admin, account, path string) error {
	config, err := clientcmd.LoadFromFile(admin)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	for _, user := range config.AuthInfos {
		user.Impersonate = "system:serviceaccount:" + Namespace + ":" + account
		user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + Namespace, "system:authenticated"}
	}
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing the kubeconfig of %s: %w", account, err)
	}
	return nil
}

// LogTail returns the last lines of each program's log.
func (h *Host) LogTail(lines int) string {
	var all strings.Builder
	for _, p := range h.processes {
		fmt.Fprintf(&all, "the end of the log of %s:\n%s\n", p.Name(), p.LogTail(lines))
	}
	return all.String()
}

// Stop kills the programs and removes their files. What is installed in the cluster stays.
func (h *Host) Stop() error {
	var failures []error
	for _, p := range h.processes {
		failures = append(failures, p.Kill())
	}
	return errors.Join(append(failures, os.RemoveAll(h.dir))...)
}

// HostForTest starts a cert-manager that lives as long as the test. It ends the test if that fails. The ends of the
// programs' logs are shown if the test fails.
func HostForTest(t testing.TB, release Release) *Host {
	t.Helper()
	host, err := StartHost(t.Context(), release)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(host.LogTail(30))
		}
		if err := host.Stop(); err != nil {
			t.Errorf("stopping cert-manager: %v", err)
		}
	})
	return host
}
