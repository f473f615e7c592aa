package certmanager_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// mountDelay is how long after a change of the Secret the files change. A kubelet takes up to a minute and a half; a few
// seconds are enough to see whether anything depends on it.
const mountDelay = 3 * time.Second

// mounted is a folder with the content of the Secret, as a kubelet mounts it.
type mounted struct {
	dir     string
	release *release
}

// mount writes the Secret into a folder and keeps it up to date, late, as long as the test lives.
func (r *release) mount(t *testing.T) *mounted {
	t.Helper()
	m := &mounted{dir: t.TempDir(), release: r}
	last := r.secret(t, leafSecret)
	if err := m.write(last); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			data, err := r.data(ctx, leafSecret)
			if err != nil || bytes.Equal(data["tls.crt"], last["tls.crt"]) {
				continue
			}
			last = data
			select {
			case <-ctx.Done():
				return
			case <-time.After(mountDelay):
			}
			if err := m.write(data); err != nil {
				t.Errorf("writing the files of the Secret: %v", err)
			}
		}
	})
	return m
}

// write replaces all files at once, by a link to a folder, as a kubelet does.
func (m *mounted) write(data map[string][]byte) error {
	version, err := os.MkdirTemp(m.dir, "..version-")
	if err != nil {
		return err
	}
	for name, content := range data {
		if err := os.WriteFile(filepath.Join(version, name), content, 0o600); err != nil {
			return err
		}
		link := filepath.Join(m.dir, name)
		if _, err := os.Lstat(link); err == nil {
			continue
		}
		if err := os.Symlink(filepath.Join("..data", name), link); err != nil {
			return err
		}
	}
	if err := os.Symlink(filepath.Base(version), filepath.Join(m.dir, "..data_new")); err != nil {
		return err
	}
	return os.Rename(filepath.Join(m.dir, "..data_new"), filepath.Join(m.dir, "..data"))
}

// waitUntilServed waits until the server shows the leaf that is in the Secret.
func (m *mounted) waitUntilServed(t *testing.T, address string) {
	t.Helper()
	m.release.eventually(t, "the server shows the leaf of the Secret", func() error {
		data, err := m.release.data(t.Context(), leafSecret)
		if err != nil {
			return err
		}
		block, _ := pem.Decode(data["tls.crt"])
		connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		defer connection.Close()
		if !bytes.Equal(connection.ConnectionState().PeerCertificates[0].Raw, block.Bytes) {
			return errors.New("it is another")
		}
		return nil
	})
}

// calls are handshakes as an API server makes them before it sends a review.
type calls struct {
	release *release
	mounted *mounted
	address string
}

// outcome is what came of many handshakes.
type outcome struct {
	made, failed int
	// first and last are when the first and the last failed, since the beginning.
	first, last time.Duration
	err         error
}

// during makes handshakes, one after the other, while something is done, and a second longer.
func (c *calls) during(t *testing.T, do func()) outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var result outcome
	var running sync.WaitGroup
	running.Go(func() {
		begin := time.Now()
		for ctx.Err() == nil {
			result.note(c.handshake(ctx), time.Since(begin))
			time.Sleep(5 * time.Millisecond)
		}
	})
	defer running.Wait()
	defer cancel()
	do()
	time.Sleep(time.Second)
	cancel()
	running.Wait()
	t.Logf("%d handshakes, %d failed, from %v to %v", result.made, result.failed, result.first, result.last)
	return result
}

// handshake makes one new connection with the bundle that is published now.
func (c *calls) handshake(ctx context.Context) error {
	bundles, err := c.release.bundles(ctx)
	if err != nil {
		return nil //nolint:nilerr // What cannot be asked now is no handshake.
	}
	for _, bundle := range bundles {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(bundle)
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: serviceName, MinVersion: tls.VersionTLS13}}
		connection, err := dialer.DialContext(ctx, "tcp", c.address)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err == nil {
			connection.Close()
		}
	}
	return nil
}

func (o *outcome) note(err error, at time.Duration) {
	o.made++
	if err == nil {
		return
	}
	if o.failed == 0 {
		o.first, o.err = at, err
	}
	o.failed, o.last = o.failed+1, at
}

// nothingFailed fails the test if a handshake failed, or if too few were made to tell.
func (o outcome) nothingFailed(t *testing.T) {
	t.Helper()
	if o.failed > 0 {
		t.Errorf("%d of %d handshakes failed, for %v: %v", o.failed, o.made, o.last-o.first, o.err)
	}
	if o.made < 50 {
		t.Errorf("%d handshakes do not show much", o.made)
	}
}
