package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDrawsHaveTheStatedPercentiles(t *testing.T) {
	rows := map[string]distribution{
		"one part": {{1, 8, 60}}, "the p99 of a mixture is checked by its shares": {{0.8, 8, 60}, {0.2, 300, 7200}},
	}
	for name, d := range rows {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			drawn := make([]time.Duration, 200_000)
			for i := range drawn {
				drawn[i] = d.draw(r)
			}
			slices.Sort(drawn)
			for _, limit := range []time.Duration{8 * time.Second, 60 * time.Second, 300 * time.Second} {
				got := 1 - float64(first(drawn, limit))/float64(len(drawn))
				if want := d.shareAbove(limit); math.Abs(got-want) > 0.005 {
					t.Errorf("above %v: %.4f, computed %.4f", limit, got, want)
				}
			}
		})
	}
	if got := (distribution{{1, 8, 60}}).shareAbove(60 * time.Second); math.Abs(got-0.01) > 1e-6 {
		t.Errorf("above the 99th percentile: %v", got)
	}
}

func TestFiguresAreSpeltExactly(t *testing.T) {
	answers := []time.Duration{1500 * time.Millisecond, 2 * time.Second, 100 * time.Second, never, gone}
	rows := map[string]struct{ got, want string }{
		"nothing is 0":                        {share(0, 1000), "0"},
		"almost nothing is not 0":             {share(1, 9000), "< 0.1 %"},
		"almost all is not all":               {share(8999, 9000), "99.9 %"},
		"all is 100 %":                        {share(9, 9), "100 %"},
		"median and 99th percentile":          {spell(question{}, answers[:3]), "2.0 s / 100 s"},
		"a percentile may be never":           {spell(question{}, answers[:4]), "2.0 s / never"},
		"or gone":                             {spell(question{}, answers), "100 s / killed"},
		"the same twice is said once":         {spell(question{}, answers[3:4]), "never"},
		"a share is of those that were asked": {spell(question{howMany: true}, answers), "75.0 %"},
		"nobody was asked":                    {spell(question{howMany: true}, answers[4:]), "killed"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("got %s, want %s", row.got, row.want)
			}
		})
	}
}

func TestOnlyWhatIsBetweenTheMarkersChanges(t *testing.T) {
	got, err := between("before\n"+begin+"old\n"+end+"after\n", "new\n")
	if want := "before\n" + begin + "\nnew\n\n" + end + "after\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := between("before\n"+begin+"after\n", "new\n"); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(end)) {
		t.Errorf("a page without its end marker: %v", err)
	}
}
