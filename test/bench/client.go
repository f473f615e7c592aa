package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/probe-injector/probe-injector/test/certificate"
)

// client sends reviews to one server as the API server does: HTTP/1.1 over TLS, with connections that are kept.
type client struct {
	http *http.Client
	url  string
}

// newClient returns a client with the API server's limits.
func newClient(url string, authority *certificate.Authority) *client {
	return &client{url: url + "?timeout=3s", http: &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: authority.Pool(), NextProtos: []string{"http/1.1"}},
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     90 * time.Second,
	}}}
}

// close gives the connections back.
func (c *client) close() { c.http.CloseIdleConnections() }

// review sends one review and returns the answer.
func (c *client) review(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking for a review: %w", err)
	}
	request.Header.Set("Accept", "application/json, */*")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "kube-apiserver-admission")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking for a review: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to a review: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer to a review is %s: %s", response.Status, answer)
	}
	return answer, nil
}

// reviews sends the same review many times over a few connections at once.
func (c *client) reviews(ctx context.Context, body []byte, requests, connections int) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range connections {
		group.Go(func() error {
			for range share(requests, connections, i) {
				if _, err := c.review(ctx, body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// share is how much of a whole the part with the given number gets, so that all parts make the whole.
func share(whole, parts, number int) int {
	return (whole*(number+1))/parts - (whole*number)/parts
}
