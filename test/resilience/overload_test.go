package resilience

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

const (
	// queue is how long a review waits before it is refused for overload, a little less for the clock's sake.
	queue = 490 * time.Millisecond
	// recovery is how long after the load ended we may still be overloaded.
	recovery = time.Second
)

// policies are the failure policies, and what becomes of a Pod under each when we cannot keep up.
func policies() map[string]bool {
	return map[string]bool{"Ignore": false, "Fail": true}
}

// TestOverload lets the server have too much to do in each way that it knows of.
func TestOverload(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	t.Run("too many reviews wait, are refused, and the policy decides", c.tooManyReviews)
	t.Run("sockets that only announce cost nothing", c.onlyAnnounced)
	t.Run("sockets that were answered before their body keep nobody out", c.answeredEarly)
	t.Run("bodies that never end keep nobody out", c.neverEnding)
	t.Run("large reviews are refused, and keep nobody else out", c.tooManyLargeReviews)
}

// overloads are what there can be too little of. Reviews take long in both, so that a load that would need many times as
// much is overload on any machine.
func overloads() map[string]plan {
	return map[string]plan{
		// One review a second, for a load of sixty.
		"too many reviews at once": {fault: "delay:1s", args: []string{"--max-concurrent-reviews=1"}},
		// A quarter of it is for small reviews, which hold 60 KiB each: 70 at once, for a load that needs 90.
		"too many bytes in flight": {fault: "delay:1500ms", args: []string{"--max-concurrent-reviews=1000", "--max-in-flight-bytes=16777216"}},
	}
}

// tooManyReviews has a load that needs many times what there is. What waits for too long gets 503; then Ignore lets the
// Pod through and Fail refuses it, in our words. When the load ends, so does the overload.
func (c *cluster) tooManyReviews(t *testing.T) {
	duration := either(t, 3*time.Second, 20*time.Second)
	for policy, refuses := range policies() {
		for why, p := range overloads() {
			t.Run(why+", under "+policy, func(t *testing.T) {
				p.namespace, p.values = strings.ReplaceAll(why, " ", "-")+"-"+strings.ToLower(policy), "webhook: {failurePolicy: "+policy+"}"
				r := c.install(t, p)
				before := r.counted(t, "probe_injector_reviews_total", nil)
				load := c.load(t, asking())
				sleepUntil(t, time.Now().Add(duration))
				outcome := load.end()
				ended := time.Now()

				reviews := r.counted(t, "probe_injector_reviews_total", nil) - before
				memory := resident(t, r.running()[0])
				r.recovered(t, ended)
				figure(t, "%s, %s: %v; %.0f reviews for them; %.0f MiB resident", why, policy, outcome, reviews, memory)
				outcome.isLoad(t, 0)
				outcome.shed(t, refuses, "probe-injector: overloaded, "+why)
				r.fits(t, memory)
				if int(reviews) > len(outcome.attempts) {
					t.Errorf("the API server asked %.0f times for %d Pods: what is overloaded must not be asked again", reviews, len(outcome.attempts))
				}
			})
		}
	}
}

// tooManyLargeReviews sends complete reviews of 6 MiB, more at once than there is memory for, and each is decided for a
// second: some are refused, and Pods notice nothing, because a quarter of the memory is for small reviews.
func (c *cluster) tooManyLargeReviews(t *testing.T) {
	duration := either(t, 4*time.Second, 30*time.Second)
	r := c.install(t, plan{
		namespace: "large", values: "webhook: {failurePolicy: Fail}", fault: "delay:1s", args: []string{"--max-concurrent-reviews=1000"},
	})
	refused := func() float64 {
		return r.counted(t, "probe_injector_errors_total", map[string]string{"stage": "budget"}) + r.counted(t, "probe_injector_errors_total", map[string]string{"stage": "slot"})
	}
	attackers := startAttack(t, largeReviews().name, r.running()[0])
	eventually(t, "large reviews are refused", func() error { return above(0, refused()) })
	before := refused()
	load := c.loadAt(t, asking(), createdBeside)
	most := r.mostResident(t, time.Now().Add(duration))
	outcome := load.end()
	now := refused() - before
	attackers.end(t)

	figure(t, "16 clients with complete reviews of 6 MiB: %.0f of them refused; %v; %.0f MiB resident at most", now, outcome, most)
	outcome.nothingLost(t, 0)
	r.fits(t, most)
	if now == 0 {
		t.Error("nothing was refused for overload: the property is not tested")
	}
}

// onlyAnnounced opens sockets that announce a body of 8 MiB each and never send it, while Pods
// are created: these get their probes as if nothing were.
func (c *cluster) onlyAnnounced(t *testing.T) {
	sockets, duration := either(t, 300, 1000), either(t, 6*time.Second, 60*time.Second)
	r := c.install(t, plan{namespace: "announced"})
	idle := resident(t, r.running()[0])

	attack := r.attack(t, sockets, announcement(reviewPath, "", announced))
	load := c.loadAt(t, asking(), createdBeside)
	most := r.mostResident(t, time.Now().Add(duration))
	outcome := load.end()
	opened := attack.end(t)

	figure(t, "%d sockets at a time that announce 8 MiB and send nothing, %d in all: %v; %.0f MiB resident at most, %.0f before", sockets, opened, outcome, most, idle)
	outcome.nothingLost(t, 0)
	r.fits(t, most)
}

// answeredEarly fills a listener with sockets that have an answer already and still owe their body, so that nobody can say
// of them that they said least, or waited for longest: the API server, which has no connection yet, gets in.
func (c *cluster) answeredEarly(t *testing.T) {
	const room, sockets = 128, 300
	duration := either(t, 4*time.Second, 30*time.Second)
	for name, test := range map[string]struct{ namespace, text, reason string }{
		"that ask for what there is not, and owe a little": {"little", announcement("/nothing", "", 9), "made_room_body"},
		"that ask for what there is not, and owe much":     {"much", announcement("/nothing", "", announced), "made_room_farewell"},
		"that were told to continue":                       {"continue", announcement(reviewPath, "Expect: 100-continue\r\n", announced), "made_room_body"},
	} {
		t.Run("sockets "+name, func(t *testing.T) {
			r := c.install(t, plan{namespace: test.namespace, args: []string{fmt.Sprintf("--max-connections=%d", room)}})
			attack := r.attack(t, sockets, test.text)
			r.eventuallyCounts(t, "probe_injector_connections_closed_total", map[string]string{"reason": test.reason})
			load := c.loadAt(t, asking(), createdBeside)
			most := r.mostResident(t, time.Now().Add(duration))
			outcome := load.end()
			opened := attack.end(t)

			figure(t, "%d sockets at a time %s, with room for %d, %d in all: %v; %.0f MiB resident at most", sockets, name, room, opened, outcome, most)
			outcome.nothingLost(t, 0)
			r.fits(t, most)
		})
	}
}

// neverEnding sends a quarter of many large bodies, which is more memory than reviews may hold. Those bodies are ended
// when others need the room, so that no Pod notices.
func (c *cluster) neverEnding(t *testing.T) {
	const sockets, sent = 64, 2<<20 + 64<<10
	duration := either(t, 4*time.Second, 30*time.Second)
	r := c.install(t, plan{namespace: "bytes", values: "webhook: {failurePolicy: Fail}"})
	attack := r.attack(t, sockets, announcement(reviewPath, "", announced)+strings.Repeat(" ", sent))
	r.eventuallyCounts(t, "probe_injector_errors_total", map[string]string{"stage": "budget"})
	load := c.loadAt(t, asking(), createdBeside)
	most := r.mostResident(t, time.Now().Add(duration))
	outcome := load.end()
	opened := attack.end(t)

	r.recovered(t, time.Now())
	figure(t, "%d sockets at a time that send 2 of 8 MiB, %d in all: %v; %.0f MiB resident at most", sockets, opened, outcome, most)
	outcome.nothingLost(t, 0)
	r.fits(t, most)
}

// shed fails the test unless some of the load was refused for overload, after waiting, as the policy says.
func (o outcome) shed(t *testing.T, refuses bool, words string) {
	t.Helper()
	if refuses && len(o.missed()) > 0 {
		t.Errorf("%d Pods are neither probed nor refused", len(o.missed()))
	}
	if !refuses {
		o.nothingRefused(t)
	}
	shed := o.where(func(a attempt) bool { return !a.probed })
	if len(shed) == 0 {
		t.Error("nothing was refused for overload: the property is not tested")
	}
	for _, a := range shed {
		if a.took < queue {
			t.Errorf("a Pod was given up after %v, without waiting", a.took)
		}
		if refuses && !strings.Contains(a.err.Error(), words) {
			t.Errorf("its user reads: %v", a.err)
		}
	}
}

// recovered creates one Pod after the other until one gets its probes again.
func (r *release) recovered(t *testing.T, ended time.Time) time.Duration {
	t.Helper()
	var a attempt
	eventually(t, "Pods get their probes after the overload", func() error {
		if a = r.attempt(t.Context(), asking()); a.isMissed() {
			return errors.New("the last one was created without them")
		}
		return a.err
	})
	after := a.at.Sub(ended)
	figure(t, "recovered %v after the load ended", after.Round(time.Millisecond))
	if after > recovery {
		t.Errorf("a Pod created %v after the load ended is the first that gets its probes", after)
	}
	return after
}

// mostResident is the most memory that the server occupies until a moment, in MiB.
func (r *release) mostResident(t *testing.T, until time.Time) float64 {
	t.Helper()
	most := 0.0
	for time.Now().Before(until) {
		most = max(most, resident(t, r.running()[0]))
		sleepUntil(t, time.Now().Add(100*time.Millisecond))
	}
	return most
}

// fits fails the test if a server occupies so much memory, in MiB, that the chart's limit would end it.
func (r *release) fits(t *testing.T, memory float64) {
	t.Helper()
	deployment, err := r.rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	limit := deployment.Spec.Template.Spec.Containers[0].Resources.Limits.Memory()
	if limit.Cmp(resource.MustParse("1Mi")) < 0 {
		t.Fatalf("the chart's memory limit is %v", limit)
	}
	if memory > float64(limit.Value())/(1<<20) {
		t.Errorf("%.0f MiB are resident: the container's limit is %v", memory, limit)
	}
}
