// Package server runs the project's real webhook as a process for tests, with certificates made on the spot and free
// ports of 127.0.0.1.
//
//	webhook := server.ForTest(t, server.Options{Policy: policyFile})
//	configuration, err := rendered.WebhookConfigurationAt(webhook.Address(), webhook.CABundle())
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
	"github.com/probe-injector/probe-injector/test/process"
)

// loopback is where everything listens unless the options say otherwise.
const loopback = "127.0.0.1"

// DNSName is whom the certificate names by default, next to 127.0.0.1: the Service of a default installation.
const DNSName = "probe-injector.probe-injector.svc"

// readyTimeout is how long the server may take to become ready. It takes a second; the rest is for busy machines.
const readyTimeout = 30 * time.Second

// startAttempts is how often a start is tried when somebody else takes one of the free ports first.
const startAttempts = 3

// Server is a running webhook.
type Server struct {
	process *process.Process
	dir     string
	// authority signs the certificates, nil if the server makes its own; names are in them.
	authority *certificate.Authority
	names     []string
	// webhook, health and metrics are addresses such as 127.0.0.1:9443.
	webhook, health, metrics string
}

// Build brings the program up to date and returns its path.
func Build(ctx context.Context) (string, error) {
	return build(ctx, "webhook", "")
}

// BuildWithFaults brings the program up to date that can be broken on purpose and returns its path.
func BuildWithFaults(ctx context.Context) (string, error) {
	return build(ctx, "webhook-with-faults", "faultinjection")
}

// build builds the program under a name in bin, with build tags.
func build(ctx context.Context, name, tags string) (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	version, err := checkout.Version()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "bin", name)
	err = gobuild.Build(ctx, gobuild.Target{
		Dir: root, Package: "./cmd/webhook", Output: path, Tags: tags, LinkerFlags: "-X github.com/probe-injector/probe-injector/cmd/internal/version.release=" + version,
	})
	if err != nil {
		return "", fmt.Errorf("building the webhook: %w", err)
	}
	return path, nil
}

// program builds what the options ask for: the program that users run, unless it has to be broken.
func program(ctx context.Context, options Options) (path string, env []string, err error) {
	build, env := Build, options.Env
	if options.Fault != "" {
		build, env = BuildWithFaults, append(slices.Clone(env), "PROBE_INJECTOR_FAULT="+options.Fault)
	}
	if options.Program != "" {
		return options.Program, env, nil
	}
	path, err = build(ctx)
	return path, env, err
}

// Start builds and starts the webhook, and returns when it says that it is ready.
func Start(ctx context.Context, options Options) (*Server, error) {
	path, env, err := program(ctx, options)
	if err != nil {
		return nil, err
	}
	var failures []error
	for range startAttempts {
		server, err := startOnce(ctx, path, env, options)
		if err == nil {
			return server, nil
		}
		failures = append(failures, err)
		if !strings.Contains(err.Error(), "address already in use") {
			break
		}
	}
	return nil, errors.Join(failures...)
}

// startOnce starts the webhook on ports that are free now, or leaves nothing behind.
func startOnce(ctx context.Context, path string, env []string, options Options) (*Server, error) {
	server, args, err := prepare(options)
	if err != nil {
		return nil, fmt.Errorf("preparing the webhook: %w", err)
	}
	server.process, err = process.Start(process.Command{
		Path: path, Args: args, Env: env, LogFile: filepath.Join(server.dir, "webhook.log"),
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(server.dir))
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := server.process.WaitUntil(ctx, "ready", server.Ready); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// prepare makes the folder with certificates and policy, and the arguments.
func prepare(options Options) (*Server, []string, error) {
	ports, err := process.FreePorts(3)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "probe-injector-webhook-")
	if err != nil {
		return nil, nil, fmt.Errorf("making the webhook's folder: %w", err)
	}
	server := &Server{dir: dir, authority: options.Authority, names: options.DNSNames}
	if len(server.names) == 0 {
		server.names = []string{DNSName, loopback}
	}
	server.webhook = address(cmp.Or(options.Host, loopback), ports[0])
	server.health = address(loopback, ports[1])
	server.metrics = address(loopback, ports[2])
	if err := server.writeFiles(options); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return server, server.args(options), nil
}

// address is where a program listens.
func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// args are the program's arguments.
func (s *Server) args(options Options) []string {
	args := []string{
		"--policy=" + s.PolicyPath(),
		"--listen-address=" + s.webhook,
		"--dns-names=" + strings.Join(s.names, ","),
		"--health-address=" + s.health,
		"--metrics-address=" + s.metrics,
		"--drain-duration=" + cmp.Or(options.DrainDuration, time.Second).String(),
		"--log-format=json",
	}
	if options.Kubeconfig != "" {
		args = append(args, "--kubeconfig="+options.Kubeconfig)
	} else {
		args = append(args, "--cert-dir="+s.CertificateDir())
	}
	return append(args, options.Args...)
}

func (s *Server) writeFiles(options Options) error {
	policy := options.Policy
	if policy == nil {
		policy = []byte(emptyPolicy)
	}
	if err := s.WritePolicy(policy); err != nil {
		return err
	}
	if options.Kubeconfig != "" {
		return nil
	}
	if s.authority == nil {
		authority, err := certificate.NewAuthority("webhook of a test")
		if err != nil {
			return err
		}
		s.authority = authority
	}
	return s.Renew(24 * time.Hour)
}

// Renew writes a new certificate of the same authority, as cert-manager would; the server reads it by itself.
func (s *Server) Renew(validity time.Duration) error {
	leaf, err := s.authority.Sign(validity, s.names...)
	if err != nil {
		return err
	}
	return certificate.WriteDir(s.CertificateDir(), leaf, s.authority)
}

// WritePolicy replaces the policy file at once; the server reads it by itself.
func (s *Server) WritePolicy(policy []byte) error {
	if err := os.WriteFile(s.PolicyPath()+".new", policy, 0o644); err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	if err := os.Rename(s.PolicyPath()+".new", s.PolicyPath()); err != nil {
		return fmt.Errorf("putting the policy in its place: %w", err)
	}
	return nil
}

// PolicyPath is the policy file.
func (s *Server) PolicyPath() string { return filepath.Join(s.dir, "policy.yaml") }

// CertificateDir is the folder with tls.crt, tls.key and ca.crt.
func (s *Server) CertificateDir() string { return filepath.Join(s.dir, "certificates") }

// Address is where reviews are answered, such as 127.0.0.1:9443.
func (s *Server) Address() string { return s.webhook }

// CABundle verifies the server's certificate, PEM. Like Renew, Client and Authority it is for servers that do not manage
// their own certificate.
func (s *Server) CABundle() []byte { return s.authority.PEM() }

// Authority signs the server's certificates.
func (s *Server) Authority() *certificate.Authority { return s.authority }

// Process is the running program, for signals, its log, its process id and how it ended.
func (s *Server) Process() *process.Process { return s.process }

// Terminate ends the server as Kubernetes does, with SIGTERM. It returns when the server has drained and ended, and an
// error if that takes longer than the context or ends with a code other than 0. Its files stay until Stop.
func (s *Server) Terminate(ctx context.Context) error { return s.process.Terminate(ctx) }

// Kill ends the server with SIGKILL. Its files stay until Stop.
func (s *Server) Kill() error { return s.process.Kill() }

// Stop kills the server if it still runs and removes its files.
func (s *Server) Stop() error {
	err := s.process.Kill()
	if removing := os.RemoveAll(s.dir); removing != nil {
		err = errors.Join(err, fmt.Errorf("removing the webhook's folder: %w", removing))
	}
	return err
}
