package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// probed answers the paths for probes.
func probed(t *target) http.Handler {
	mux := http.NewServeMux()
	for path, yes := range map[string]func(state) bool{
		"/livez":    func(s state) bool { return s.Alive },
		"/readyz":   func(s state) bool { return s.Ready },
		"/startedz": func(s state) bool { return s.Started },
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if !t.answer(r.Context()) {
				return
			}
			if !yes(t.state()) {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
	}
	return mux
}

// control does what it is told.
func control(t *target, port *gate) http.Handler {
	mux := http.NewServeMux()
	for path, do := range map[string]func() error{
		"/break":     func() error { t.setBroken(true); return nil },
		"/fix":       func() error { t.setBroken(false); return nil },
		"/unready":   func() error { t.setUnready(true); return nil },
		"/ready":     func() error { t.setUnready(false); return nil },
		"/hang":      func() error { t.hangUp(); return nil },
		"/close-tcp": port.shut,
		"/open-tcp":  port.open,
		"/state":     func() error { return nil },
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			if err := do(); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(t.state()) // who asked and has gone needs no answer
		})
	}
	return mux
}

// onlyFor refuses requests for another host than the one that is given, if one is.
func onlyFor(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host != "" && r.Host != host {
			w.WriteHeader(http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serverTLS(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
}

// askURL asks for a URL and waits as long as it takes.
func askURL(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// listen serves until the context ends.
func listen(ctx context.Context, address string, handler http.Handler, security *tls.Config, failed chan<- error) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if security != nil {
		listener = tls.NewListener(listener, security)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving %s: %w", address, err)
		}
	}()
	return nil
}

// health is the health service.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	target *target
}

// Check answers for the services that it knows. Another one is not found, as the protocol of the health service says.
func (h health) Check(ctx context.Context, request *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if !h.target.answer(ctx) {
		return nil, ctx.Err()
	}
	state := h.target.state()
	serving, known := map[string]bool{
		"": state.Alive, "liveness": state.Alive, "readiness": state.Ready, "startup": state.Started,
	}[request.GetService()]
	switch {
	case !known:
		return nil, status.Errorf(codes.NotFound, "no service %q", request.GetService())
	case serving:
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}, nil
}

func serveGRPC(ctx context.Context, address string, t *target, failed chan<- error) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health{target: t})
	context.AfterFunc(ctx, server.Stop)
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			failed <- fmt.Errorf("serving %s: %w", address, err)
		}
	}()
	return nil
}

// selfSigned makes a certificate that nobody trusts, which the kubelet does not ask for.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"target"}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, nil
}
