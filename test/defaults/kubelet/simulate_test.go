package kubelet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

const (
	second = time.Second
	milli  = time.Millisecond
)

// probe spells a probe as initialDelay/period/timeout/failureThreshold.
func probe(handler kubelet.Handler, delay, period, timeout, failures int32) *kubelet.Probe {
	return &kubelet.Probe{
		Handler: handler, InitialDelaySeconds: delay, PeriodSeconds: period, TimeoutSeconds: timeout,
		SuccessThreshold: 1, FailureThreshold: failures,
	}
}

func request(delay, period, timeout, failures int32) *kubelet.Probe {
	return probe(kubelet.Request, delay, period, timeout, failures)
}

func never() []kubelet.Behaviour { return nil }

func answersFrom(at time.Duration) []kubelet.Behaviour {
	return []kubelet.Behaviour{{From: at, State: kubelet.Answering, Latency: milli}}
}

func stall(state kubelet.State, from, to time.Duration) []kubelet.Behaviour {
	return []kubelet.Behaviour{
		{State: kubelet.Answering, Latency: milli},
		{From: from, State: state, Latency: milli},
		{From: to, State: kubelet.Answering, Latency: milli},
	}
}

func one(behaviours []kubelet.Behaviour, until time.Duration) kubelet.Trace {
	return kubelet.Trace{Runs: []kubelet.Run{{Behaviours: behaviours}}, Until: until}
}

func spell(t kubelet.Timeline) string {
	var words []string
	for _, kill := range t.Kills {
		words = append(words, fmt.Sprintf("%v kills run %d at %v", kill.By, kill.Run, kill.At))
	}
	for _, ready := range t.Ready {
		words = append(words, fmt.Sprintf("ready %v-%v", ready.From, ready.To))
	}
	return strings.Join(words, "; ")
}

func TestTheModelDoesWhatTheSourceSays(t *testing.T) {
	at := func(start time.Duration) kubelet.Times { return kubelet.Times{Start: start, Notice: 100 * milli} }
	crashThenRun := func(waits time.Duration) kubelet.Trace {
		return kubelet.Trace{
			Runs:  []kubelet.Run{{Exit: 45 * second}, {Wait: waits, Behaviours: answersFrom(20 * second)}},
			Until: 200 * second,
		}
	}
	rows := []struct {
		// name is the rule, source the function in pkg/kubelet that has it.
		name, source string
		probes       kubelet.Probes
		trace        kubelet.Trace
		times        kubelet.Times
		want         string
	}{
		{
			"without probes a container is ready when it is noticed, and stays", "prober_manager.go: UpdatePodStatus, no readinessProbe",
			kubelet.Probes{}, one(never(), 60*second), at(3 * second), "ready 100ms-1m0s",
		},
		{
			"the first probe comes with the first tick after the start is noticed", "worker.go: run",
			kubelet.Probes{Liveness: request(0, 10, 1, 3)}, one(never(), 31*second), at(13 * second), "liveness kills run 0 at 27s; ready 100ms-27.1s",
		},
		{
			"a failing startup probe kills one period before failureThreshold times periodSeconds at the earliest", "worker.go: doProbe",
			kubelet.Probes{Startup: request(0, 2, 1, 3)}, one(never(), 60*second), at(1900 * milli), "startup kills run 0 at 4.1s",
		},
		{
			"and at the latest just before it", "worker.go: doProbe",
			kubelet.Probes{Startup: request(0, 2, 1, 3)}, one(never(), 60*second), at(2000*milli - 50*milli), "startup kills run 0 at 6.05s",
		},
		{
			"initialDelaySeconds counts from the start of the container", "worker.go: doProbe, InitialDelaySeconds",
			kubelet.Probes{Startup: request(5, 2, 1, 1)}, one(never(), 60*second), at(2 * second), "startup kills run 0 at 6s",
		},
		{
			"initialDelaySeconds counts from the second in which the container started", "status_manager.go: normalizeStatus",
			kubelet.Probes{Startup: request(5, 1, 1, 1)}, one(never(), 60*second),
			kubelet.Times{Workers: 900 * milli, Start: 2 * second, Notice: 50 * milli}, "startup kills run 0 at 5s",
		},
		{
			"so it may be a second short", "status_manager.go: normalizeStatus",
			kubelet.Probes{Startup: request(5, 1, 1, 1)}, one(never(), 60*second),
			kubelet.Times{Workers: 0, Start: 2900 * milli, Notice: 50 * milli}, "startup kills run 0 at 4.1s",
		},
		{
			"liveness waits for the startup probe, and its delay does not begin there", "worker.go: doProbe, c.Started",
			kubelet.Probes{Startup: request(0, 2, 1, 30), Liveness: probe(kubelet.AlwaysFails, 4, 2, 1, 1)},
			one(answersFrom(5*second), 60*second), at(2 * second), "liveness kills run 0 at 8s; ready 6.001s-8.1s",
		},
		{
			"readiness is asked at once when the startup probe has passed", "prober_manager.go: UpdatePodStatus, manualTriggerCh",
			kubelet.Probes{Startup: request(0, 2, 1, 30), Readiness: request(0, 10, 1, 3)},
			one(answersFrom(5*second), 60*second), at(2 * second), "ready 6.002s-1m0s",
		},
		{
			"but not before its own delay is over", "worker.go: doProbe, InitialDelaySeconds; run, probeTicker.Reset",
			kubelet.Probes{Startup: request(0, 2, 1, 30), Readiness: request(10, 10, 1, 3)},
			one(answersFrom(5*second), 60*second), at(2 * second), "ready 16.002s-1m0s",
		},
		{
			"without a startup probe readiness is asked as soon as the start is noticed", "prober_manager.go: UpdatePodStatus, manualTriggerCh",
			kubelet.Probes{Readiness: request(0, 10, 1, 3)}, one(answersFrom(0), 60*second), at(5 * second), "ready 101ms-1m0s",
		},
		{
			"and then every period from that moment on", "worker.go: run, probeTicker.Reset",
			kubelet.Probes{Readiness: request(0, 10, 1, 3)}, one(answersFrom(second), 60*second), at(5 * second), "ready 10.101s-1m0s",
		},
		{
			"a sync without a reason asks readiness that has failed", "pod_workers.go: resyncInterval; prober_manager.go: UpdatePodStatus",
			kubelet.Probes{Readiness: request(0, 300, 1, 3)}, one(answersFrom(second), 90*second),
			kubelet.Times{Start: 5 * second, Notice: 100 * milli, Resync: 60 * second}, "ready 1m0.101s-1m30s",
		},
		{
			"three failures take a container out of rotation, one success brings it back", "worker.go: doProbe, resultRun",
			kubelet.Probes{Readiness: request(0, 5, 1, 3)}, one(stall(kubelet.Closed, 20*second, 48*second), 80*second), at(5 * second),
			"ready 101ms-30.101s; ready 50.102s-1m20s",
		},
		{
			"a success in between begins the count anew", "worker.go: doProbe, lastResult",
			kubelet.Probes{Liveness: request(0, 10, 1, 3)}, one([]kubelet.Behaviour{
				{State: kubelet.Refusing}, {From: 25 * second, State: kubelet.Answering, Latency: milli}, {From: 35 * second, State: kubelet.Refusing},
			}, 70*second), at(10 * second), "liveness kills run 0 at 1m0s; ready 100ms-1m0.1s",
		},
		{
			"a request that waits for a silent process fails after its timeout", "probe/http: DoHTTPProbe",
			kubelet.Probes{Liveness: request(0, 10, 4, 3)}, one(stall(kubelet.Silent, 5*second, 100*second), 90*second), at(10 * second),
			"liveness kills run 0 at 34s; ready 100ms-34.1s",
		},
		{
			"a silence that ends within the timeout is a success", "probe/http: DoHTTPProbe",
			kubelet.Probes{Liveness: request(0, 10, 4, 3)}, one(stall(kubelet.Silent, 5*second, 33*second), 90*second), at(10 * second),
			"ready 100ms-1m30s",
		},
		{
			"a connection succeeds while the process is silent", "probe/tcp: DoTCPProbe",
			kubelet.Probes{Liveness: probe(kubelet.Connect, 0, 10, 1, 1)}, one(stall(kubelet.Silent, 5*second, 500*second), 600*second), at(10 * second),
			"ready 100ms-10m0s",
		},
		{
			"a connection fails when the port is closed", "probe/tcp: DoTCPProbe",
			kubelet.Probes{Liveness: probe(kubelet.Connect, 0, 10, 1, 3)}, one(stall(kubelet.Closed, 5*second, 500*second), 600*second), at(10 * second),
			"liveness kills run 0 at 30s; ready 100ms-30.1s",
		},
		{
			"a timeout longer than the period stretches the period", "worker.go: run, one probe at a time",
			kubelet.Probes{Liveness: request(0, 1, 3, 3)}, one(stall(kubelet.Silent, 10*second-500*milli, 500*second), 90*second), at(10 * second),
			"liveness kills run 0 at 19s; ready 100ms-19.1s",
		},
		{
			"an answer slower than the timeout is a failure", "probe/http: DoHTTPProbe",
			kubelet.Probes{Liveness: request(0, 10, 1, 3)}, one([]kubelet.Behaviour{{State: kubelet.Answering, Latency: 1500 * milli}}, 90*second), at(5 * second),
			"liveness kills run 0 at 26s; ready 100ms-26.1s",
		},
		{
			"a probe that cannot be carried out never acts", "worker.go: doProbe, Prober error",
			kubelet.Probes{Liveness: probe(kubelet.AlwaysErrs, 0, 1, 1, 1)}, one(never(), 90*second), at(second), "ready 100ms-1m30s",
		},
		{
			"a startup probe that cannot be carried out hangs the start", "worker.go: doProbe, Prober error",
			kubelet.Probes{Startup: probe(kubelet.AlwaysErrs, 0, 1, 1, 1)}, one(answersFrom(0), 90*second), at(second), "",
		},
		{
			"after a kill the count begins at zero, and the next run is protected again", "worker.go: doProbe, onHold",
			kubelet.Probes{Startup: request(0, 10, 1, 3)},
			kubelet.Trace{Runs: []kubelet.Run{{}, {Behaviours: answersFrom(19 * second)}}, Until: 100 * second}, at(10 * second),
			"startup kills run 0 at 30s; ready 50.001s-1m40s",
		},
		{
			"after a crash while starting the failures go on counting", "worker.go: doProbe, resultRun is not reset; kubernetes#53530",
			kubelet.Probes{Startup: request(0, 10, 1, 6)}, crashThenRun(10 * second), at(5 * second), "startup kills run 1 at 1m5s",
		},
		{
			"where the crash leaves failures over, the next run is not killed", "worker.go: doProbe",
			kubelet.Probes{Startup: request(0, 10, 1, 8)}, crashThenRun(10 * second), at(5 * second), "ready 1m15.001s-3m20s",
		},
		{
			"startup and liveness rest after they have acted", "worker.go: doProbe, onHold",
			kubelet.Probes{Liveness: request(0, 10, 1, 1)}, one(never(), 300*second), at(10 * second), "liveness kills run 0 at 10s; ready 100ms-10.1s",
		},
		{
			"two successes are enough at once, because the first value of a new container triggers another probe",
			"worker.go: doProbe, initialValue; kubelet.go: syncLoopIteration, readinessManager.Updates",
			kubelet.Probes{Readiness: &kubelet.Probe{SuccessThreshold: 2}}, one(answersFrom(0), 60*second), at(10 * second), "ready 102ms-1m0s",
		},
		{
			"figures that are not set are the API server's", "apis/core/v1/defaults.go: SetDefaults_Probe",
			kubelet.Probes{Liveness: &kubelet.Probe{}}, one(never(), 60*second), at(13 * second), "liveness kills run 0 at 27s; ready 100ms-27.1s",
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := spell(kubelet.Simulate(row.probes, row.trace, row.times)); got != row.want {
				t.Errorf("%s\n got %s\nwant %s", row.source, got, row.want)
			}
		})
	}
}

// Whatever the phase, a startup probe that never succeeds acts between initialDelaySeconds plus all periods but one
// and one period later. The second that initialDelaySeconds may be short, and the time until the start is noticed,
// widen the bounds.
func TestEveryPhaseStaysWithinTheBounds(t *testing.T) {
	probes := kubelet.Probes{Startup: request(4, 3, 1, 5)}
	var kills []time.Duration
	for workers := time.Duration(0); workers < second; workers += 100 * milli {
		for start := second; start < 5*second; start += 10 * milli {
			timeline := kubelet.Simulate(probes, one(never(), 100*second), kubelet.Times{Workers: workers, Start: start, Notice: 300 * milli})
			if len(timeline.Kills) != 1 {
				t.Fatalf("workers %v, start %v: %s", workers, start, spell(timeline))
			}
			kills = append(kills, timeline.Kills[0].At)
		}
	}
	slices.Sort(kills)
	if first, last := kills[0], kills[len(kills)-1]; first < 15*second || first > 15500*milli || last > 19*second || last < 18500*milli {
		t.Errorf("killed between %v and %v, want from 15 s to 19 s and nearly all of it", first, last)
	}
}

func TestTheSameArgumentsGiveTheSameTimeline(t *testing.T) {
	probes := kubelet.Probes{Startup: request(3, 3, 3, 20), Liveness: request(3, 10, 5, 6), Readiness: request(3, 5, 3, 3)}
	trace := one(stall(kubelet.Silent, 100*second, 140*second), 400*second)
	times := kubelet.Times{Workers: 123 * milli, Start: 7654 * milli, Notice: 321 * milli, Resync: 77 * second}
	if first, again := spell(kubelet.Simulate(probes, trace, times)), spell(kubelet.Simulate(probes, trace, times)); first != again || first == "" {
		t.Errorf("got %q, then %q", first, again)
	}
}
