package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// start runs a target on free ports of loopback until the test ends.
func start(t *testing.T, change func(*settings)) settings {
	t.Helper()
	s := settings{address: "127.0.0.1", folder: t.TempDir()}
	for _, port := range []*int{&s.control, &s.http, &s.https, &s.grpc, &s.tcp} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		*port = listener.Addr().(*net.TCPAddr).Port
		listener.Close()
	}
	change(&s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, s) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	eventually(t, func() error { return tell(s, "/state") })
	return s
}

// eventually waits until there is no error.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// client waits for half a second.
func client() *http.Client {
	return &http.Client{Timeout: 500 * time.Millisecond, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
}

func get(url string) error {
	response, err := client().Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// tell has the target do something.
func tell(s settings, path string) error {
	return get("http://" + s.listenAddress(s.control) + path)
}

// ask asks each handler for one probe.
func (s settings) ask(probe string) map[string]error {
	paths := map[string]string{"liveness": "/livez", "readiness": "/readyz", "startup": "/startedz"}
	files := map[string]string{"liveness": "alive", "readiness": "ready", "startup": "started"}
	return map[string]error{
		"http":  get("http://" + s.listenAddress(s.http) + paths[probe]),
		"https": get("https://" + s.listenAddress(s.https) + paths[probe]),
		"grpc":  check(s, probe),
		"exec":  run(context.Background(), []string{"check-" + files[probe], "--folder", s.folder}),
	}
}

func check(s settings, service string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	connection, err := grpc.NewClient(s.listenAddress(s.grpc), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	answer, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	if err == nil && answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return errors.New(answer.GetStatus().String())
	}
	return err
}

// expect waits until every handler says yes, or every one says no.
func expect(t *testing.T, s settings, probe string, yes bool) {
	t.Helper()
	eventually(t, func() error {
		for handler, err := range s.ask(probe) {
			if (err == nil) != yes {
				return fmt.Errorf("%s of %s says %v, want yes: %t", probe, handler, fmt.Sprint(err), yes)
			}
		}
		return nil
	})
}

func TestEachSwitchTurnsItsProbeInEveryHandlerAndNoOther(t *testing.T) {
	s := start(t, func(*settings) {})
	for _, probe := range []string{"liveness", "readiness", "startup"} {
		expect(t, s, probe, true)
	}
	for _, row := range []struct{ off, on, probe, other string }{
		{"/break", "/fix", "liveness", "readiness"},
		{"/unready", "/ready", "readiness", "liveness"},
	} {
		if err := tell(s, row.off); err != nil {
			t.Fatal(err)
		}
		expect(t, s, row.probe, false)
		expect(t, s, row.other, true)
		if err := tell(s, row.on); err != nil {
			t.Fatal(err)
		}
		expect(t, s, row.probe, true)
	}
}

func TestTheTCPPortClosesAndOpens(t *testing.T) {
	s := start(t, func(*settings) {})
	dial := func() error {
		connection, err := net.DialTimeout("tcp", s.listenAddress(s.tcp), time.Second)
		if err == nil {
			connection.Close()
		}
		return err
	}
	eventually(t, dial)
	for _, step := range []struct {
		path string
		open bool
	}{{"/close-tcp", false}, {"/close-tcp", false}, {"/open-tcp", true}, {"/open-tcp", true}} {
		if err := tell(s, step.path); err != nil {
			t.Fatal(err)
		}
		if err := dial(); (err == nil) != step.open {
			t.Errorf("after %s: %v", step.path, err)
		}
	}
}

func TestATargetThatHangsAcceptsAndNeverAnswers(t *testing.T) {
	s := start(t, func(*settings) {})
	expect(t, s, "liveness", true)
	if err := tell(s, "/hang"); err != nil {
		t.Fatal(err)
	}
	for handler, err := range s.ask("liveness") {
		var timeout net.Error
		switch {
		case handler == "exec":
		case handler == "grpc" && err != nil:
		case !errors.As(err, &timeout) || !timeout.Timeout():
			t.Errorf("%s says %v, want a timeout", handler, err)
		}
	}
	if err := tell(s, "/state"); err != nil {
		t.Errorf("the port for control: %v", err)
	}
}

func TestDelays(t *testing.T) {
	const never = time.Hour
	t.Run("before the start only the port for control is open", func(t *testing.T) {
		s := start(t, func(s *settings) { s.startAfter = never })
		expect(t, s, "liveness", false)
		expect(t, s, "startup", false)
	})
	t.Run("alive before it is started and ready", func(t *testing.T) {
		s := start(t, func(s *settings) { s.startedAfter, s.readyAfter = never, never })
		expect(t, s, "liveness", true)
		expect(t, s, "startup", false)
		expect(t, s, "readiness", false)
	})
}

func TestAskTellsWhatTheServerAnswers(t *testing.T) {
	s := start(t, func(*settings) {})
	ask := func() error { return run(t.Context(), []string{"ask", "http://" + s.listenAddress(s.http) + "/livez"}) }
	eventually(t, ask)
	if err := tell(s, "/break"); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err == nil {
		t.Error("it takes a bad answer for a good one")
	}
}

func TestWithAHostOnlyThatHostIsServed(t *testing.T) {
	s := start(t, func(s *settings) { s.host = "shop.example.com" })
	ask := func(host string) (int, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.listenAddress(s.http)+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := client().Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		return response.StatusCode, nil
	}
	eventually(t, func() error { _, err := ask(s.host); return err })
	for host, want := range map[string]int{s.host: http.StatusOK, "": http.StatusMisdirectedRequest} {
		if got, err := ask(host); err != nil || got != want {
			t.Errorf("host %q: %d %v, want %d", host, got, err, want)
		}
	}
}

func TestAnUnknownArgumentIsRefused(t *testing.T) {
	for _, args := range [][]string{{"serve"}, {"check"}, {"check-alive", "now"}, {"ask"}, {"--nonsense"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if err := run(t.Context(), []string{"check-alive", "--folder", t.TempDir()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
