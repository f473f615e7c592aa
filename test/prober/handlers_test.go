package prober_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// Sockets know no bubble, so these tests run in real time, with the handlers that the engine emits and with small
// numbers: startup 1/1/1/3, liveness and readiness 1/2/1/3.
func small(kind probe.Kind) timing.Timing {
	t := timing.Timing{InitialDelaySeconds: 1, PeriodSeconds: 2, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3}
	if kind == probe.Startup {
		t.PeriodSeconds = 1
	}
	return t
}

const (
	// slack is what a busy machine may be late: with a worker, a timer, a connection.
	slack = 700 * time.Millisecond
	// phases is in how many places of a period each case begins.
	phases = 6
)

// server is a process that listens on a port of its own. It hangs the way a stopped process does: the kernel goes on
// accepting connections for it, and nobody reads what they say.
type server struct {
	net.Listener
	hanging atomic.Bool
	broken  atomic.Bool
	closed  chan struct{}
	once    sync.Once
}

// Accept holds back every connection while the process hangs.
func (s *server) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err == nil && s.hanging.Load() {
		defer conn.Close()
		<-s.closed
		return nil, net.ErrClosed
	}
	return conn, err
}

// Close closes the port.
func (s *server) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Listener.Close()
}

func (s *server) hang()     { s.hanging.Store(true) }
func (s *server) breakOff() { s.broken.Store(true) }
func (s *server) close() {
	_ = s.Close() // the second time it is closed already
}

// ServeHTTP answers as a health endpoint does.
func (s *server) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if s.broken.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func listen(t *testing.T) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: listener, closed: make(chan struct{})}
	t.Cleanup(s.close)
	return s
}

func serveHTTP(t *testing.T, s *server) {
	web := &httptest.Server{Listener: s, Config: &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}}
	web.Start()
	t.Cleanup(web.Close)
}

func serveHTTPS(t *testing.T, s *server) {
	web := httptest.NewUnstartedServer(s)
	web.Listener.Close()
	web.Listener = s
	web.StartTLS()
	t.Cleanup(web.Close)
}

func serveGRPC(t *testing.T, s *server) {
	g := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(g, health.NewServer())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := g.Serve(s); err != nil && !s.hanging.Load() {
			t.Errorf("grpc: %v", err)
		}
	})
	t.Cleanup(func() { g.Stop(); s.close(); serving.Wait() })
}

// serveTCP accepts and says nothing, which is all that a tcpSocket probe asks for.
func serveTCP(t *testing.T, s *server) {
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := s.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	})
	t.Cleanup(func() { s.close(); serving.Wait() })
}

// socketCase is one way to fall silent, as one handler sees it.
type socketCase struct {
	handler string
	serve   func(*testing.T, *server)
	silence func(*server)
	unseen  bool
}

func socketCases() map[string]socketCase {
	return map[string]socketCase{
		"http, the process hangs":        {"http:8080/livez", serveHTTP, (*server).hang, false},
		"http, the port is closed":       {"http:8080/livez", serveHTTP, (*server).close, false},
		"http, the answer is 503":        {"http:8080/livez", serveHTTP, (*server).breakOff, false},
		"https, the process hangs":       {"https:8080/livez", serveHTTPS, (*server).hang, false},
		"grpc, the process hangs":        {"grpc:8080", serveGRPC, (*server).hang, false},
		"tcp, the port is closed":        {"tcp:8080", serveTCP, (*server).close, false},
		"tcp does not see that it hangs": {"tcp:8080", serveTCP, (*server).hang, true},
	}
}

// finds is what the engine says that the case's liveness probe can find.
func (c *socketCase) finds(explained map[string][]injected) string {
	for _, in := range explained[podName(c.handler)] {
		if in.Field == probe.Liveness.FieldName() {
			return in.Guarantee.Detects
		}
	}
	return ""
}

// pod is a Pod with the handlers that the engine emits for a case, sent to the server's port.
func (c *socketCase) pod(explained map[string][]injected, s *server) *corev1.Pod {
	port := s.Addr().(*net.TCPAddr).Port
	return podWith(explained[podName(c.handler)], func(kind probe.Kind, in injected) {
		p, numbers := in.Value, small(kind)
		p.InitialDelaySeconds, p.PeriodSeconds = numbers.InitialDelaySeconds, numbers.PeriodSeconds
		p.TimeoutSeconds, p.FailureThreshold = numbers.TimeoutSeconds, numbers.FailureThreshold
		switch {
		case p.HTTPGet != nil:
			p.HTTPGet.Port = intstr.FromInt(port)
		case p.TCPSocket != nil:
			p.TCPSocket.Port = intstr.FromInt(port)
		case p.GRPC != nil:
			p.GRPC.Port = int32(port)
		}
	})
}

// told is one Pod's story in real time.
type told struct {
	history
	name     string
	silentAt time.Duration
	unseen   bool
}

const (
	// running is when a container that starts at once is certain to be ready.
	running = 3 * time.Second
	// stopping is long enough for readiness to be asked to the end.
	stopping = 2 * time.Second
)

// playSockets plays each case in each phase, in two Pods: one falls silent while it runs, one is silent from the
// start.
func playSockets(t *testing.T) []*told {
	t.Helper()
	explained, err := explainOnce()
	if err != nil {
		t.Fatal(err)
	}
	period := seconds(small(probe.Liveness).PeriodSeconds)
	lasting := running + seconds(small(probe.Liveness).Detection()) + stopping + slack
	n := node.Start()
	time.Sleep(period + slack)
	var stories []*told
	var pods sync.WaitGroup
	for name, each := range socketCases() {
		if finds := each.finds(explained[timing.StyleStartupProbe]); each.unseen != (finds == "closed_port" && strings.HasSuffix(name, "hangs")) {
			t.Errorf("%s: unseen is %t, the engine says that the probe finds %q", name, each.unseen, finds)
		}
		for i := range 2 * phases {
			phase := time.Duration(i%phases) * period / phases
			story := &told{name: name, unseen: each.unseen}
			if i >= phases {
				story.silentAt = running
			}
			stories = append(stories, story)
			s := listen(t)
			each.serve(t, s)
			pod := each.pod(explained[timing.StyleStartupProbe], s)
			pods.Go(func() {
				admitted, err := n.Admit(pod)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(phase)
				silence := time.AfterFunc(story.silentAt, func() { each.silence(s) })
				defer silence.Stop()
				admitted.Run(node.Script{Processes: []node.Process{{}}, Stopping: stopping, Noticed: 100 * time.Millisecond}, lasting)
				story.events = admitted.Log()
			})
		}
	}
	pods.Wait()
	n.Stop()
	return stories
}

func TestEveryHandlerFindsASilenceInTimeAndTCPOnlyAClosedPort(t *testing.T) {
	guard, live, ready := small(probe.Startup), small(probe.Liveness), small(probe.Readiness)
	seen := map[string]map[string]*span{}
	for _, story := range playSockets(t) {
		kill, isKilled := story.first(1, node.Killed)
		unready, left := story.first(1, node.Unready)
		if story.unseen {
			if isKilled || left {
				t.Errorf("%s: it is seen: %v", story.name, story.events)
			}
			continue
		}
		spans := seen[story.name]
		if spans == nil {
			spans = map[string]*span{"start": {}, "kill": {}, "unready": {}}
			seen[story.name] = spans
		}
		switch {
		case story.silentAt == 0 && isKilled && kill.By == probe.Startup:
			spans["start"].add(kill.At)
		case story.silentAt > 0 && isKilled && kill.By == probe.Liveness && left:
			spans["kill"].add(kill.At - story.silentAt)
			spans["unready"].add(unready.At - story.silentAt)
		default:
			t.Errorf("%s, silent after %s: %v", story.name, story.silentAt, story.events)
		}
	}
	for name, spans := range seen {
		spans["start"].within(t, name+" from the start, killed", seconds(guard.EarliestAct())-slack, seconds(guard.LatestAct())+slack)
		spans["kill"].within(t, name+", killed", seconds(live.Tolerance())-slack, seconds(live.Detection())+slack)
		spans["unready"].within(t, name+", unready", seconds(ready.Tolerance())-slack, seconds(ready.Detection())+slack)
		t.Logf("%-26s killed while starting %s (%d to %d), killed while running %s (%d to %d), unready %s (%d to %d)", name,
			spans["start"], guard.EarliestAct(), guard.LatestAct(), spans["kill"], live.Tolerance(), live.Detection(),
			spans["unready"], ready.Tolerance(), ready.Detection())
	}
	if want := len(socketCases()) - 1; len(seen) != want {
		t.Errorf("%d cases were seen, want %d", len(seen), want)
	}
}
