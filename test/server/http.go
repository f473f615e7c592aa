package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"

	"github.com/probe-injector/probe-injector/test/metrics"
)

// Client returns a new HTTP client that trusts the server's certificate, with connections of its own.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.authority.Pool()}}}
}

// URL is where a path of the webhook is, such as /mutate/annotated.
func (s *Server) URL(path string) string { return "https://" + s.webhook + path }

// Ready returns nil if the server says that it is ready, else an error with what it says.
func (s *Server) Ready(ctx context.Context) error { return s.health200(ctx, "/readyz") }

// Healthy returns nil if the server says that it lives, else an error with what it says.
func (s *Server) Healthy(ctx context.Context) error { return s.health200(ctx, "/healthz") }

func (s *Server) health200(ctx context.Context, path string) error {
	status, body, err := get(ctx, "http://"+s.health+path)
	if err != nil {
		return err
	}
	defer body.Close()
	if status == http.StatusOK {
		return nil
	}
	reason, err := io.ReadAll(io.LimitReader(body, 4096))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", path, err)
	}
	return fmt.Errorf("%s answers %d: %s", path, status, reason)
}

// Metrics scrapes the server.
func (s *Server) Metrics(ctx context.Context) (*metrics.Scrape, error) {
	status, body, err := get(ctx, "http://"+s.metrics+"/metrics")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if status != http.StatusOK {
		return nil, fmt.Errorf("/metrics answers %d", status)
	}
	return metrics.Parse(body)
}

// get asks without keeping the connection, so that nothing of the tests lingers in the server.
func get(ctx context.Context, url string) (int, io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("asking %s: %w", url, err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("asking %s: %w", url, err)
	}
	return response.StatusCode, response.Body, nil
}

// HealthAddress is where /healthz and /readyz are, such as 127.0.0.1:8081.
func (s *Server) HealthAddress() string { return s.health }

// MetricsAddress is where /metrics is, such as 127.0.0.1:8080.
func (s *Server) MetricsAddress() string { return s.metrics }
