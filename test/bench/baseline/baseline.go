// Package baseline runs the servers that ours is compared with as processes of their own, under the same conditions.
package baseline

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
	"github.com/probe-injector/probe-injector/test/process"
)

// readyTimeout is how long a server may take until it answers.
const readyTimeout = 30 * time.Second

// Server is a running server that is not ours.
type Server struct {
	process   *process.Process
	dir       string
	address   string
	authority *certificate.Authority
}

// StartLowerBound starts the program lowerbound, which answers everything with the given JSON patch.
func StartLowerBound(ctx context.Context, patch []byte, env []string) (*Server, error) {
	return start(ctx, "lowerbound", "--patch", patch, env)
}

// StartAllowing starts the program lowerbound, which only allows everything.
func StartAllowing(ctx context.Context, env []string) (*Server, error) {
	return StartLowerBound(ctx, nil, env)
}

// StartBare starts the program bare, which does the same with less around it.
func StartBare(ctx context.Context, patch []byte, env []string) (*Server, error) {
	return start(ctx, "bare", "--patch", patch, env)
}

// StartTyped starts the program typed, which makes the given changes to every Pod.
func StartTyped(ctx context.Context, changes *sample.Changes, env []string) (*Server, error) {
	content, err := json.Marshal(changes)
	if err != nil {
		return nil, fmt.Errorf("writing the changes: %w", err)
	}
	return start(ctx, "typed", "--changes", content, env)
}

// start builds and starts a program of this folder's neighbours, with one input in a file that the flag names.
func start(ctx context.Context, program, inputFlag string, input []byte, env []string) (*Server, error) {
	path, err := build(ctx, program)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "probe-injector-bench-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of %s: %w", program, err)
	}
	server := &Server{dir: dir}
	if err := server.start(ctx, path, inputFlag, input, env); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", program, err), server.Stop())
	}
	return server, nil
}

func build(ctx context.Context, program string) (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	target := gobuild.Target{
		Dir:     filepath.Join(root, "test"),
		Package: "./bench/" + program,
		Output:  filepath.Join(root, "bin", "bench-"+program),
	}
	if err := gobuild.Build(ctx, target); err != nil {
		return "", err
	}
	return target.Output, nil
}

func (s *Server) start(ctx context.Context, path, inputFlag string, input []byte, env []string) error {
	ports, err := process.FreePorts(1)
	if err != nil {
		return err
	}
	s.address = fmt.Sprintf("127.0.0.1:%d", ports[0])
	if s.authority, err = certificate.NewAuthority("benchmark"); err != nil {
		return err
	}
	leaf, err := s.authority.Sign(24*time.Hour, "127.0.0.1")
	if err != nil {
		return err
	}
	if err := certificate.WriteDir(s.dir, leaf, s.authority); err != nil {
		return err
	}
	inputFile := filepath.Join(s.dir, "input")
	if err := os.WriteFile(inputFile, input, 0o600); err != nil {
		return fmt.Errorf("writing its input: %w", err)
	}
	s.process, err = process.Start(process.Command{
		Path:    path,
		Args:    []string{"--address=" + s.address, "--cert-dir=" + s.dir, inputFlag + "=" + inputFile},
		Env:     env,
		LogFile: filepath.Join(s.dir, "log"),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return s.process.WaitUntil(ctx, "ready", s.answers)
}

// answers returns nil if the server answers anything at all.
func (s *Server) answers(ctx context.Context) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.authority.Pool()}, DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(), nil)
	if err != nil {
		return fmt.Errorf("asking a server: %w", err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking a server: %w", err)
	}
	return response.Body.Close()
}

// URL is where it takes reviews.
func (s *Server) URL() string { return "https://" + s.address + sample.Path }

// Authority signed its certificate.
func (s *Server) Authority() *certificate.Authority { return s.authority }

// PID is its process id.
func (s *Server) PID() int { return s.process.PID() }

// Stop kills it and removes its files.
func (s *Server) Stop() error {
	var err error
	if s.process != nil {
		err = s.process.Kill()
	}
	if removing := os.RemoveAll(s.dir); removing != nil {
		err = errors.Join(err, fmt.Errorf("removing a server's folder: %w", removing))
	}
	return err
}
