package resilience

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/process"
	"github.com/probe-injector/probe-injector/test/server"
)

// orderVariable holds, as JSON, what the process of an attack does. Attackers have a process of their own with a low
// priority: on other machines they would not take the server's CPUs either.
const (
	orderVariable = "RESILIENCE_ATTACK"
	niceness      = "15"
	// attackersBudget is how long attackers may take to come.
	attackersBudget = 5 * time.Second
)

// order is whom a process attacks, and how.
type order struct {
	Attack string
	Full   bool
	At     addresses
}

// TestMain is also the main function of an attack.
func TestMain(m *testing.M) {
	text := os.Getenv(orderVariable)
	if text == "" {
		m.Run()
		return
	}
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	made := o.carryOut(ctx)
	stop()
	fmt.Printf("connections: %d\n", made)
}

// carryOut attacks until the context ends, and returns how many connections were made.
func (o order) carryOut(ctx context.Context) int64 {
	all := append(attacks(o.Full), allAtOnce(o.Full), deafAtTheEnd(), largeReviews())
	at := slices.IndexFunc(all, func(a kind) bool { return a.name == o.Attack })
	var made atomic.Int64
	var running, coming sync.WaitGroup
	for _, s := range all[at].strangers {
		coming.Add(s.clients)
		for n := range s.clients {
			running.Go(func() {
				once := sync.OnceFunc(coming.Done)
				for ctx.Err() == nil {
					made.Add(1)
					s.come(ctx, n, s.port(o.At), once)
					once()
					select {
					case <-ctx.Done():
					case <-time.After(100 * time.Millisecond):
					}
				}
			})
		}
	}
	coming.Wait()
	fmt.Println(haveCome)
	running.Wait()
	return made.Load()
}

// haveCome is what the attackers say when all of them are or were there.
const haveCome = "all have come"

// come lets one of the strangers come once, and says when it is there.
func (s stranger) come(ctx context.Context, n int, address string, there func()) {
	var dialer net.Dialer
	if s.sources > 0 {
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+n%s.sources))}
	}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if s.plain {
		there()
		s.do(ctx, c, address)
		return
	}
	secure := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	if secure.HandshakeContext(ctx) == nil {
		there()
		s.do(ctx, secure, address)
	}
}

// attackers are the process of an attack.
type attackers struct{ process *process.Process }

// startAttack begins an attack on a server. It ends with the test at the latest.
func startAttack(t *testing.T, name string, on *server.Server) *attackers {
	t.Helper()
	nice, err := exec.LookPath("nice")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(order{name, either(t, false, true), addresses{on.Address(), on.HealthAddress(), on.MetricsAddress()}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(process.Command{
		Path: nice, Args: []string{"-n", niceness, os.Args[0]},
		Env: []string{orderVariable + "=" + string(text)}, LogFile: filepath.Join(t.TempDir(), "attack.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &attackers{p}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// haveCome waits until all attackers are there, or for a few seconds: on a busy machine their low priority keeps them.
func (a *attackers) haveCome(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(attackersBudget); time.Now().Before(end); sleepUntil(t, time.Now().Add(20*time.Millisecond)) {
		if log, err := a.process.Log(); err != nil {
			t.Fatal(err)
		} else if strings.Contains(log, haveCome) {
			return
		}
	}
	t.Logf("not all attackers have come within %v", attackersBudget)
}

// end ends the attack and returns how many connections were made.
func (a *attackers) end(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitBudget)
	defer cancel()
	if err := a.process.Terminate(ctx); err != nil {
		t.Fatal(err)
	}
	log, err := a.process.Log()
	if err != nil {
		t.Fatal(err)
	}
	_, number, _ := strings.Cut(log, "connections: ")
	made, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil {
		t.Fatalf("the attackers end with %q", log)
	}
	return made
}
