package resilience

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// What has to hold beside an attack.
const (
	// mostResidentMiB is what a server may occupy, whatever is sent to it.
	mostResidentMiB = 192
	// leastAnswered is the part of the API server's reviews that is answered, in percent.
	leastAnswered = 99
	// slowest is the 99th percentile of reviews beside a single attack on a machine that has CPU for the server. Where the
	// server waits for a CPU, it may take longer by as much, see cpu_test.go.
	slowest = 50 * time.Millisecond
	// timesSlower is how many times slower than by a server that nobody attacks they may be answered on a machine that
	// has not: that server runs beside, and is asked the same at the same time.
	timesSlower = 3
	// windows is how often reviews are measured at most: whatever else the machine did for a moment, one of them counts.
	windows = 3
)

// How servers are asked directly, beside the API server: as an API server does, over connections that are kept and used
// again.
const (
	callers      = 4
	everyReview  = 40 * time.Millisecond
	keptIdle     = 25 // k8s.io/client-go/transport, idleConnsPerHost
	reviewBudget = 3 * time.Second
)

// otherProgram names a server to be measured instead of ours, and not judged: the figures of without_test.go come from the
// one before its listeners were bounded.
const otherProgram = "RESILIENCE_PROGRAM"

// answers are what came of reviews.
type answers struct {
	took []time.Duration
	// failed are those that were not answered, by why; lost is how many of them ended with their connection.
	failed map[string]int
	lost   int
}

func (a *answers) add(took time.Duration, err error) {
	a.took = append(a.took, took)
	if err == nil {
		return
	}
	if a.failed == nil {
		a.failed = map[string]int{}
	}
	a.failed[err.Error()]++
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		a.lost++
	}
}

func (a *answers) failures() (n int) {
	for _, count := range a.failed {
		n += count
	}
	return n
}

func (a *answers) p99() time.Duration { return percentile(a.took, 99) }

// percent is how many are answered.
func (a *answers) percent() float64 {
	return 100 - 100*float64(a.failures())/float64(max(1, len(a.took)))
}

// caller asks a server.
type caller struct {
	client *http.Client
	url    string
}

// caller returns one that asks as an API server does.
func (r *release) caller(s *server.Server) *caller {
	client := s.Client()
	client.Timeout = reviewBudget
	transport := client.Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost = keptIdle
	transport.TLSClientConfig.ServerName = r.options.DNSNames[0]
	return &caller{client, s.URL("/mutate/annotated")}
}

// once asks one thing.
func (c *caller) once(body string) error {
	response, err := c.client.Post(c.url, "application/json", strings.NewReader(body))
	if err != nil {
		return errors.Unwrap(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// until asks until a moment.
func (c *caller) until(t *testing.T, end time.Time) *answers {
	var all answers
	var mutex sync.Mutex
	var running sync.WaitGroup
	body := usualReview()
	for n := range callers {
		running.Go(func() {
			next := time.Now().Add(time.Duration(n) * everyReview / callers)
			for sleepUntil(t, next); next.Before(end) && t.Context().Err() == nil; sleepUntil(t, next) {
				begin := time.Now()
				err := c.once(body)
				mutex.Lock()
				all.add(time.Since(begin), err)
				mutex.Unlock()
				next = begin.Add(everyReview)
			}
		})
	}
	running.Wait()
	return &all
}

// besides are two releases of which one is attacked. The other one, whose servers run on the same machine, shows at the
// same time what the machine alone does to reviews.
type besides struct {
	attacked, bystander side
	// quiet is the 99th percentile of both when nobody is attacked.
	quiet time.Duration
	// judged reports that what is measured has to hold.
	judged bool
}

// side is a release, how it is asked directly, and Pods that only it concerns.
type side struct {
	*release
	caller *caller
	pods   subject
}

// createdBeside are Pods beside an attack. More of them would keep a small machine busy with the API server's own work.
var createdBeside = pace{20, 5}

// newSide installs a release that concerns the Pods of one namespace.
func newSide(t *testing.T, c *cluster, namespace, other, program string) side {
	t.Helper()
	r := c.install(t, plan{
		namespace: "release-" + namespace, program: program, works: namespace,
		values: "webhook: {failurePolicy: Ignore, configurationName: " + namespace + "}\npreflight: {enabled: false}\nexcludedNamespaces: [" + other + "]",
	})
	return side{r, r.caller(r.running()[0]), asking().in(namespace)}
}

// seen is what came of the reviews and Pods of a side.
type seen struct {
	answers *answers
	pods    outcome
}

// see asks a side and creates its Pods for a while.
func (s side) see(t *testing.T, end time.Time) seen {
	load := s.loadAt(t, s.pods, createdBeside)
	all := s.caller.until(t, end)
	return seen{all, load.end()}
}

// see sees both sides at the same time.
func (b *besides) see(t *testing.T, duration time.Duration) (attacked, bystander seen) {
	end := time.Now().Add(duration)
	var other sync.WaitGroup
	other.Go(func() { bystander = b.bystander.see(t, end) })
	attacked = b.attacked.see(t, end)
	other.Wait()
	return attacked, bystander
}

// TestStrangers lets unauthenticated clients do their worst, each attack alone and then all at once, while Pods are
// created: the server stays small, and the API server's reviews are answered, over connections that are never lost.
func TestStrangers(t *testing.T) {
	program := os.Getenv(otherProgram)
	c := newCluster(t, controlplane.Options{})
	if err := c.CreateNamespace(t.Context(), "beside", nil); err != nil {
		t.Fatal(err)
	}
	b := &besides{attacked: newSide(t, c, plain, "beside", program), bystander: newSide(t, c, "beside", plain, program), judged: program == ""}
	duration := either(t, 3*time.Second, 20*time.Second)
	one, other := b.see(t, duration)
	b.quiet = max(one.answers.p99(), other.answers.p99())
	figure(t, "no attack: p50 %v, p99 %v, and %v; %v", round(percentile(one.answers.took, 50)), round(one.answers.p99()), round(other.answers.p99()), one.pods)
	full := either(t, false, true)
	for _, a := range attacks(full) {
		t.Run(a.name, func(t *testing.T) { b.under(t, a.name, duration, true) })
	}
	t.Run("all at once", func(t *testing.T) { b.under(t, allAtOnce(full).name, duration, false) })
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// under sees both sides under an attack, which is a single one or all of them.
func (b *besides) under(t *testing.T, name string, duration time.Duration, single bool) {
	logged := len(b.attacked.log())
	attackers := startAttack(t, name, b.attacked.running()[0])
	attackers.haveCome(t)
	most := b.attacked.occupiedMeanwhile(t)
	lost, lostBeside := 0, 0
	var best shown
	var missing []string
	for range windows {
		before := cpuOf(b.attacked.running()[0])
		attacked, bystander := b.see(t, duration)
		slowed := cpuOf(b.attacked.running()[0]).since(before)
		lost, lostBeside = lost+attacked.answers.lost, lostBeside+bystander.answers.lost
		now := shownBy(&attacked, &bystander, max(time.Duration(slowed*float64(slowest)), timesSlower*max(b.quiet, bystander.answers.p99())))
		if !single {
			now.allowed = reviewBudget
		}
		for why, count := range attacked.answers.failed {
			t.Logf("%d reviews failed: %s", count, why)
		}
		attacked.pods.nothingRefused(t)
		if wrong := now.wrong(); missing == nil || len(wrong) < len(missing) {
			best, missing = now, wrong
		}
		if len(missing) == 0 || !b.judged {
			break
		}
	}
	best.residentMiB = most()
	made := attackers.end(t)
	recovered := time.Duration(0)
	if b.judged {
		recovered = b.attacked.recovered(t, time.Now())
	}
	failures := b.attacked.cluster.failures(logged)
	best.lost = lost + lostIn(failures, b.attacked.plan.namespace)
	best.lostBeside = lostBeside + lostIn(failures, b.bystander.plan.namespace)
	figure(t, "%s, %d connections: without: %v; with: %v; at most %v allowed; recovered after %v", name, made, without[name], best, round(best.allowed), recovered.Round(time.Millisecond))
	t.Logf("calls of the API server that failed: %v", failures)
	if !b.judged {
		return
	}
	for _, wrong := range missing {
		t.Error(wrong)
	}
	if best.residentMiB > mostResidentMiB {
		t.Errorf("%.0f MiB are resident, more than %d", best.residentMiB, mostResidentMiB)
	}
	if best.lost > timesSlower*best.lostBeside {
		t.Errorf("%d reviews ended with their connection, beside the attack %d", best.lost, best.lostBeside)
	}
}

// lostIn is how many of the API server's calls of the webhook in a namespace ended with their connection, of the reasons that it
// logs.
func lostIn(failures map[string]int, namespace string) (lost int) {
	for why, n := range failures {
		if !strings.Contains(why, "."+namespace+".svc") {
			continue
		}
		if strings.Contains(why, "connection reset") || strings.Contains(why, "broken pipe") || strings.HasSuffix(why, "EOF") {
			lost += n
		}
	}
	return lost
}

// shown are the figures of an attack.
type shown struct {
	residentMiB float64
	// answered are reviews that a server is asked directly, and probed the Pods that got their probes, in percent.
	answered, probed float64
	p99              time.Duration
	// lost and lostBeside are how many reviews ended with their connection. A server that gets no CPU closes connections of the
	// API server too, attacked or not.
	lost, lostBeside int
	// answeredBeside, probedBeside and p99Beside are the same of the server that nobody attacks, and allowed is the most
	// that p99 may be.
	answeredBeside, probedBeside float64
	p99Beside, allowed           time.Duration
}

func shownBy(attacked, bystander *seen, allowed time.Duration) shown {
	return shown{
		answered: attacked.answers.percent(), probed: attacked.pods.percentProbed(), p99: attacked.answers.p99(),
		answeredBeside: bystander.answers.percent(), probedBeside: bystander.pods.percentProbed(), p99Beside: bystander.answers.p99(),
		allowed: allowed,
	}
}

func (s shown) String() string {
	if s == (shown{}) {
		return "not measured"
	}
	return fmt.Sprintf("%.0f MiB, %.1f %% answered, p99 %v, %.1f %% of Pods probed, %d connections lost (beside, not attacked: %.1f %%, %v, %.1f %%)",
		s.residentMiB, s.answered, round(s.p99), s.probed, s.lost, s.answeredBeside, round(s.p99Beside), s.probedBeside)
}

// wrong says which figures are not what they have to be. What the machine does to a server that nobody attacks is no fault
// of the other one.
func (s shown) wrong() (all []string) {
	least := func(beside float64) float64 { return leastAnswered - timesSlower*(100-beside) }
	if s.answered < least(s.answeredBeside) {
		all = append(all, fmt.Sprintf("%.1f %% of reviews are answered", s.answered))
	}
	if s.probed < least(s.probedBeside) {
		all = append(all, fmt.Sprintf("%.1f %% of Pods are probed", s.probed))
	}
	if s.p99 > s.allowed {
		all = append(all, fmt.Sprintf("the 99th percentile is %v, more than %v", s.p99, s.allowed))
	}
	return all
}

func (o outcome) percentProbed() float64 {
	return 100 - 100*float64(len(o.missed()))/float64(max(1, len(o.attempts)))
}

// TestTheEndBesideAClientThatNeverReads ends a server while clients hold answers back.
func TestTheEndBesideAClientThatNeverReads(t *testing.T) {
	const drain, atMost = time.Second, 5 * time.Second
	program := os.Getenv(otherProgram)
	s := server.ForTest(t, server.Options{DrainDuration: drain, Program: program})
	attackers := startAttack(t, deafAtTheEnd().name, s)
	attackers.haveCome(t)
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*waitBudget)
	defer cancel()
	if err := s.Terminate(ctx); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	figure(t, "SIGTERM beside clients that never read, drain %v: without: %s; with: ended after %v", drain, withoutAtTheEnd, took.Round(time.Millisecond))
	if program == "" && took > drain+atMost {
		t.Errorf("it took %v", took)
	}
	attackers.end(t)
}
