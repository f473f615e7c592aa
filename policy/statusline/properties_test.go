package statusline_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomReason(r *rand.Rand) reason.Reason {
	return pick(r, reason.NoPort, reason.OptedOut, reason.InvalidAnnotation, reason.RestartPolicy, reason.ExistingProbe)
}

func randomHandler(r *rand.Rand) string {
	return pick(r, "tcp:80", "grpc:9000", "grpc:9000/shop", "https:8443/", "http:8080/a?b=c;d|e,f", "exec:check",
		"http:8080/"+strings.Repeat("x", r.IntN(400)))
}

// randomContainer is one as package policy makes it: times only for probes that can kill, and no refusal of a probe
// that is there.
func randomContainer(r *rand.Rand) statusline.Container {
	c := statusline.Container{Name: pick(r, "web", "nothing", "no", "a-1", strings.Repeat("n", 63))}
	for _, kind := range probe.Kinds() {
		if r.IntN(2) == 0 {
			c.Probes.Set(kind, randomHandler(r))
		}
	}
	if c.Probes.Len() == 0 {
		c.Reason = randomReason(r)
		return c
	}
	if c.Probes.Has(probe.Startup) || c.Probes.Has(probe.Liveness) {
		c.StartWithin = r.Int32()
	}
	if c.Probes.Has(probe.Liveness) {
		c.RestartFrom, c.RestartTo = r.Int32(), r.Int32N(100)
	}
	for _, kind := range probe.Kinds() {
		if !c.Probes.Has(kind) && r.IntN(2) == 0 {
			c.Withheld = append(c.Withheld, statusline.Withheld{Kind: kind, Reason: randomReason(r)})
		}
	}
	return c
}

func randomStatus(r *rand.Rand) statusline.Status {
	s := statusline.Status{Version: pick(r, "v0.1.0", "v1.2.3-rc.1+abc", "", "dev")}
	for range r.IntN(12) {
		s.Containers = append(s.Containers, randomContainer(r))
	}
	if len(s.Containers) == 0 || r.IntN(3) == 0 {
		s.PodReason = randomReason(r)
	}
	if r.IntN(3) == 0 {
		s.Mistake = "web.a.dev/liveness: " + pick(r, `"8080": write tcp:8080`, "a | b", "x (v9)", `"; no startup: no_port"`, "...", strings.Repeat("m", 100))
	}
	return s
}

// A line that has room for everything gives back everything; another ends in "..." and gives back its beginning.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	whole, cut := 0, 0
	for range 8_000 {
		s := randomStatus(r)
		line := statusline.Format(s)
		if len(line) > statusline.MaxLength {
			t.Fatalf("%d bytes: %s", len(line), line)
		}
		parsed, ok := statusline.Parse(line)
		if !ok {
			t.Fatalf("Format wrote what Parse does not read: %s", line)
		}
		want := s
		if isCut := strings.HasSuffix(strings.TrimSuffix(statusline.WithoutVersion(line), " | wrong annotation "+s.Mistake), "..."); isCut != parsed.Cut {
			t.Fatalf("Cut is %v: %s", parsed.Cut, line)
		}
		whole++
		if parsed.Cut {
			whole, cut = whole-1, cut+1
			// What is cut is the end: the Pod's reason and the last containers.
			want.Cut, want.PodReason, want.Containers = true, "", nil
			if n := len(parsed.Containers); n > 0 {
				want.Containers = s.Containers[:n]
			}
		}
		if diff := equal(want, parsed); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", line, diff)
		}
	}
	if whole < 1000 || cut < 1000 {
		t.Errorf("%d whole lines and %d cut ones: the property is hardly tested", whole, cut)
	}
}

func TestAPodWithManyContainersKeepsTheFirstOnes(t *testing.T) {
	var s statusline.Status
	for i := range 200 {
		s.Containers = append(s.Containers, statusline.Container{Name: "c" + strconv.Itoa(i), Reason: reason.NoPort})
	}
	s.Version = "v1"
	line := statusline.Format(s)
	parsed, ok := statusline.Parse(line)
	const room = len("c999: nothing: no_port | ")
	if n := len(parsed.Containers); !ok || !parsed.Cut || len(line) > statusline.MaxLength || len(line) < statusline.MaxLength-room || n < 30 {
		t.Errorf("%d containers in %d bytes, read back: %v, cut: %v", n, len(line), ok, parsed.Cut)
	}
}

func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(statusline.Format(randomStatus(r)))
	}
	f.Add("nothing: nothing (v1)")
	f.Add("web: readiness tcp:80 | ... (v1)")
	f.Add("web: no tcp:80; no : ; up to -1s to start (v1)")
	f.Fuzz(func(t *testing.T, line string) {
		parsed, ok := statusline.Parse(line)
		if again := statusline.Format(parsed); ok && again != line {
			t.Errorf("%q is read as a line of Format, which writes %q", line, again)
		}
	})
}
