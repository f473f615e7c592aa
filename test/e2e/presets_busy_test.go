package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// busyFor is how long software is kept busy: long enough that the liveness probe of most presets could have killed it.
const busyFor = 75 * time.Second

// isLeftAloneWhileBusy keeps the software busy. The container must stay Ready and must not be restarted.
func (r *presetRun) isLeftAloneWhileBusy(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), busyFor)
	defer stop()
	var load sync.WaitGroup
	load.Go(func() {
		if r.busy.command != "" {
			r.runsItsBenchmark(t)
		} else {
			r.isAsked(ctx, t)
		}
	})
	for looks := 0; ; looks++ {
		pod := r.suite.pod(t, r.namespace, r.profile)
		if status := statusOf(pod, r.profile); !isReady(pod) || status.RestartCount != 0 {
			t.Errorf("while busy, at look %d: %s", looks, summary(pod))
			break
		}
		if sleepUnless(ctx, 500*time.Millisecond) {
			break
		}
	}
	load.Wait()
}

// runsItsBenchmark runs the command in the container.
func (r *presetRun) runsItsBenchmark(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), busyFor+time.Minute)
	defer stop()
	output, err := r.tryKubectl(ctx, nil, "exec", "--namespace", r.namespace, r.profile, "--",
		"sh", "-c", fmt.Sprintf("export SECONDS_BUSY=%d; %s", int(busyFor.Seconds()), r.busy.command))
	if err != nil {
		t.Errorf("%s: %v", output, err)
	}
}

// isAsked asks or connects, four at a time, some hundred times a second.
func (r *presetRun) isAsked(ctx context.Context, t *testing.T) {
	address := net.JoinHostPort(r.pod.Status.PodIP, strconv.Itoa(r.busy.port))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	var mutex sync.Mutex
	var good, bad int
	var last error
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			for !sleepUnless(ctx, 10*time.Millisecond) {
				err := r.isAskedOnce(t.Context(), client, address)
				mutex.Lock()
				if err == nil {
					good++
				} else {
					bad, last = bad+1, err
				}
				mutex.Unlock()
			}
		})
	}
	askers.Wait()
	t.Logf("%s: %d good answers, %d bad ones", r.profile, good, bad)
	if good == 0 || bad > 0 {
		t.Errorf("%s: %d good answers and %d bad ones, such as %v", r.profile, good, bad, last)
	}
}

// isAskedOnce gives the software ten seconds, however near the end of the load is.
func (r *presetRun) isAskedOnce(ctx context.Context, client *http.Client, address string) error {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	if r.busy.path == "" {
		return connectTo(ctx, address)
	}
	return getURL(ctx, client, "http://"+address+r.busy.path, http.StatusInternalServerError)
}

// sleepUnless waits, and reports whether the context ended before that.
func sleepUnless(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-ctx.Done():
		return true
	}
}

// connectTo opens a connection and closes it.
func connectTo(ctx context.Context, address string) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// getURL asks by HTTP. An answer with a status from bad on is an error.
func getURL(ctx context.Context, client *http.Client, url string, bad int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= bad {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
