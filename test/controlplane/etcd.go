package controlplane

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// startEtcd starts etcd. It does not write to disk for good: nobody needs the data after a crash.
func (c *ControlPlane) startEtcd(ctx context.Context) error {
	client := fmt.Sprintf("http://127.0.0.1:%d", c.files.etcdClient)
	peer := fmt.Sprintf("http://127.0.0.1:%d", c.files.etcdPeer)
	args := []string{
		"--name=test",
		"--data-dir=" + c.files.path("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=test=" + peer,
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
	return c.run(ctx, c.programs.etcd, args, func(ctx context.Context) error {
		return answersOK(ctx, http.DefaultClient, client+"/health")
	})
}

// answersOK reports whether a GET of the URL is answered with 200, and if not, with what.
func answersOK(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	return fmt.Errorf("%s answers %s: %s", url, response.Status, body)
}
