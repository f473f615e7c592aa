package software_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/prober/node"
	"github.com/probe-injector/probe-injector/test/process"
	"github.com/probe-injector/probe-injector/test/software"
)

const (
	// slack is what a busy machine may be late.
	slack = 2 * time.Second
	// startTimeout is how long software may take to its first good answer.
	startTimeout = 4 * time.Minute
	// healthy is how long it is watched at least while it is healthy.
	healthy = 30 * time.Second
	// noticed is half of the second in which the kubelet lists containers.
	noticed = time.Second / 2
	// longest is more than any of it takes.
	longest = 20 * time.Minute
	// pace is how often it is asked while it is healthy, and how often its log is looked at.
	pace = 100 * time.Millisecond
)

// trial is one program with its probes.
type trial struct {
	*software.Software
	// probes are the probes and the promises by their fields.
	probes  map[string]injected
	address netip.Addr
	program *process.Process
	pod     *node.Pod
	started time.Time
}

// TestSoftware runs all software of the list with the probes that the engine gives it.
func TestSoftware(t *testing.T) {
	all := software.All()
	explained, err := explain(all)
	if err != nil {
		t.Fatal(err)
	}
	pods := startNetwork(t)
	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true, Address: pods.gateway.String()})
	apiServer := addressOf(t, plane)
	kubelet := node.Start()
	t.Cleanup(kubelet.Stop)
	var lock sync.Mutex
	var rows []string
	t.Run("profile", func(t *testing.T) {
		for number := range all {
			each := &all[number]
			t.Run(each.Profile, func(t *testing.T) {
				// What stands before Parallel is done one after the other: a build takes all that the machine has.
				if err := each.Source.Make(t.Context()); err != nil {
					t.Fatal(err)
				}
				t.Parallel()
				made := &trial{Software: each, probes: probesOf(t, each, explained[each.Profile])}
				place := pods.newSandbox(t, number, each, plane)
				made.address = place.address
				made.run(t, kubelet, func() *process.Process { return place.start(t, each, apiServer) }, func(row string) {
					lock.Lock()
					defer lock.Unlock()
					rows = append(rows, row)
				})
			})
		}
	})
	slices.Sort(rows)
	t.Logf("measured:\n%s", strings.Join(rows, "\n"))
}

// addressOf is where the API server listens.
func addressOf(t *testing.T, plane *controlplane.ControlPlane) netip.AddrPort {
	t.Helper()
	parsed, err := url.Parse(plane.RESTConfig().Host)
	if err != nil {
		t.Fatal(err)
	}
	address, err := netip.ParseAddrPort(parsed.Host)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// probesOf are the probes by their fields. All are there because of the profile, and readiness is among them.
func probesOf(t *testing.T, each *software.Software, all []injected) map[string]injected {
	t.Helper()
	probes := map[string]injected{}
	for _, in := range all {
		if in.Profile != each.Profile {
			t.Errorf("%s is from the profile %q", in.Field, in.Profile)
		}
		probes[in.Field] = in
	}
	if probes[probe.Readiness.FieldName()].Value == nil {
		t.Fatalf("no readiness was decided: %v", all)
	}
	return probes
}

// of is the probe of a kind and its promise.
func (r *trial) of(kind probe.Kind) injected { return r.probes[kind.FieldName()] }

// run starts the program and its probes, and sees what becomes of it.
func (r *trial) run(t *testing.T, kubelet *node.Node, start func() *process.Process, measured func(string)) {
	t.Helper()
	spec := asked(r.Software)
	spec.Status.PodIP = r.address.String()
	container := &spec.Spec.Containers[0]
	container.StartupProbe, container.LivenessProbe, container.ReadinessProbe = r.of(probe.Startup).Value, r.of(probe.Liveness).Value, r.of(probe.Readiness).Value
	pod, err := kubelet.Admit(&spec)
	if err != nil {
		t.Fatal(err)
	}
	r.pod = pod
	r.program = start()
	r.started = time.Now()
	// What runs in the node's container is not asked: all handlers go to the program. The node ends it with the test.
	go pod.Run(node.Script{Processes: []node.Process{{}}, Noticed: noticed}, longest)
	r.becomesReady(t, measured)
	r.isLeftAlone(t)
	r.isFoundSilent(t, measured)
	kubelet.Remove(pod)
}

// becomesReady waits for the first good answer and for Ready, and compares.
func (r *trial) becomesReady(t *testing.T, measured func(string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := r.program.WaitUntil(ctx, "answering", r.answers); err != nil {
		t.Fatal(err)
	}
	readiness := r.of(probe.Readiness).Guarantee
	// A good answer before anybody asks counts from when somebody does.
	answered := time.Now()
	if first := r.started.Add(seconds(readiness.ReadyNotBefore)); answered.Before(first) {
		answered = first
	}
	ready := r.waitFor(t, node.Ready, time.Until(answered)+seconds(readiness.ReadyWithin)+slack)
	r.compare(t, "Ready after the first good answer", max(0, ready.Sub(answered)), 0, readiness.ReadyWithin, measured)
}

// answers asks what the readiness probe asks.
func (r *trial) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	readiness := r.of(probe.Readiness).Value
	if readiness.HTTPGet == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.at(readiness.TCPSocket.Port))
		if err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		return conn.Close()
	}
	scheme := strings.ToLower(string(cmp.Or(readiness.HTTPGet.Scheme, corev1.URISchemeHTTP)))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+r.at(readiness.HTTPGet.Port)+readiness.HTTPGet.Path, nil)
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	// The kubelet does not look at certificates either.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the answer is %s", response.Status)
	}
	return nil
}

// at is the address of a port of the Pod, by its number or its name.
func (r *trial) at(named intstr.IntOrString) string {
	number := named.IntVal
	for _, declared := range r.Ports {
		if named.StrVal != "" && declared.Name == named.StrVal {
			number = declared.ContainerPort
		}
	}
	return net.JoinHostPort(r.address.String(), strconv.Itoa(int(number)))
}

// isLeftAlone asks the program for long enough for a liveness probe that is wrong to kill it. Nothing may happen.
func (r *trial) isLeftAlone(t *testing.T) {
	t.Helper()
	until := r.started.Add(seconds(r.of(probe.Liveness).Guarantee.Detection))
	if soonest := time.Now().Add(healthy); until.Before(soonest) {
		until = soonest
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for time.Now().Before(until) {
		<-tick.C
		if err := r.answers(t.Context()); err != nil {
			t.Fatalf("while it is healthy: %v", err)
		}
	}
	for _, event := range r.pod.Log() {
		if event.What != node.Running && event.What != node.Ready {
			t.Fatalf("while it was healthy: %s by %q after %s", event.What, event.By, event.At)
		}
	}
}

// isFoundSilent freezes the program, or ends it where a probe asks only for its port, which stays open while it is frozen, and
// waits for what the probes do.
func (r *trial) isFoundSilent(t *testing.T, measured func(string)) {
	t.Helper()
	what, silence := "after it froze", func() error { return r.program.Signal(syscall.SIGSTOP) }
	if connects(r.of(probe.Readiness)) || connects(r.of(probe.Liveness)) {
		what, silence = "after its port closed", r.program.Kill
	}
	silent := time.Now()
	if err := silence(); err != nil {
		t.Fatal(err)
	}
	readiness, liveness := r.of(probe.Readiness).Guarantee, r.of(probe.Liveness)
	unready := r.waitFor(t, node.Unready, seconds(readiness.Detection)+slack).Sub(silent)
	r.compare(t, "not Ready "+what, unready, readiness.Tolerance, readiness.Detection, measured)
	if liveness.Value == nil {
		return
	}
	killed := r.waitFor(t, node.Killed, seconds(liveness.Guarantee.Detection)+slack).Sub(silent)
	r.compare(t, "killed "+what, killed, liveness.Guarantee.Tolerance, liveness.Guarantee.Detection, measured)
}

// connects reports whether a probe is there that asks only for a connection.
func connects(in injected) bool { return in.Value != nil && in.Value.TCPSocket != nil }

// waitFor waits for an event of the Pod.
func (r *trial) waitFor(t *testing.T, what node.What, atMost time.Duration) time.Time {
	t.Helper()
	over := time.NewTimer(atMost)
	defer over.Stop()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		for _, event := range r.pod.Log() {
			if event.What == what {
				return event.Time
			}
		}
		select {
		case <-tick.C:
		case <-over.C:
			t.Fatalf("it was not %s within %s: %+v", what, atMost, r.pod.Log())
		}
	}
}

// compare holds what was measured against what was promised.
func (r *trial) compare(t *testing.T, what string, took time.Duration, from, to int32, measured func(string)) {
	t.Helper()
	promise := fmt.Sprintf("%d to %d s", from, to)
	if from == 0 {
		promise = fmt.Sprintf("at most %d s", to)
	}
	row := fmt.Sprintf("| %s | %s | %.1f s | %s |", r.Profile, what, took.Seconds(), promise)
	measured(row)
	if took < seconds(from) || took > seconds(to)+slack {
		t.Errorf("outside of what was promised: %s", row)
	}
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
