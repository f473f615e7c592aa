package controlplane

import (
	"bytes"
	"context"
	"fmt"

	"github.com/probe-injector/probe-injector/test/metrics"
)

// Metrics scrapes the API server.
func (c *ControlPlane) Metrics(ctx context.Context) (*metrics.Scrape, error) {
	text, err := c.client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("scraping the API server: %w", err)
	}
	return metrics.Parse(bytes.NewReader(text))
}
