package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// serveProxy answers the probes that stand in the variable. GET /ready is for a probe of the proxy itself.
func serveProxy(ctx context.Context, variable string) error {
	known := probers{}
	if variable != "" {
		if err := json.Unmarshal([]byte(variable), &known); err != nil {
			return fmt.Errorf("reading $%s: %w", probersVariable, err)
		}
	}
	server := &http.Server{Addr: fmt.Sprintf(":%d", probersPort), Handler: newProber(known), ReadHeaderTimeout: time.Second}
	return serve(ctx, server, "", "")
}

// prober asks containers of its Pod in the place of the kubelet, with the kubelet's idea of an answer.
type prober struct {
	known  probers
	client *http.Client
}

func newProber(known probers) *prober {
	return &prober{known: known, client: &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			// The kubelet verifies nobody either.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ServeHTTP answers 200 if the container answers well. The kubelet's timeout ends the request.
func (p *prober) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/ready" {
		return
	}
	handler, ok := p.known[request.URL.Path]
	if !ok {
		http.NotFound(response, request)
		return
	}
	if err := p.ask(request.Context(), handler); err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
	}
}

func (p *prober) ask(ctx context.Context, handler corev1.ProbeHandler) error {
	if handler.TCPSocket != nil {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", handler.TCPSocket.Port.String()))
		if err != nil {
			return fmt.Errorf("asking by tcp: %w", err)
		}
		return connection.Close()
	}
	return p.get(ctx, handler.HTTPGet)
}

// get asks by http or https; statuses from 200 to 399 are good.
func (p *prober) get(ctx context.Context, action *corev1.HTTPGetAction) error {
	scheme := "http"
	if action.Scheme == corev1.URISchemeHTTPS {
		scheme = "https"
	}
	address := fmt.Sprintf("%s://127.0.0.1:%s%s", scheme, action.Port.String(), action.Path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking by http: %w", err)
	}
	for _, header := range action.HTTPHeaders {
		request.Header.Add(header.Name, header.Value)
		if header.Name == "Host" {
			request.Host = header.Value
		}
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking by http: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode < http.StatusOK || answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %s", address, answer.Status)
	}
	return nil
}
