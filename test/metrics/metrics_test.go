package metrics_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/metrics"
)

const text = `
# TYPE reviews_total counter
reviews_total{path="annotated",outcome="injected"} 3
reviews_total{path="annotated",outcome="nothing"} 4
reviews_total{path="rules",outcome="nothing"} 5
# TYPE seconds histogram
seconds_bucket{le="1"} 1
seconds_bucket{le="+Inf"} 2
seconds_sum 7
seconds_count 2
`

func TestSum(t *testing.T) {
	scrape, err := metrics.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		name   string
		labels map[string]string
		want   float64
	}{
		"all series":                       {"reviews_total", nil, 12},
		"series with a label":              {"reviews_total", map[string]string{"outcome": "nothing"}, 9},
		"the series with both labels":      {"reviews_total", map[string]string{"outcome": "nothing", "path": "rules"}, 5},
		"no such value":                    {"reviews_total", map[string]string{"outcome": "x"}, 0},
		"no such label":                    {"reviews_total", map[string]string{"x": "nothing"}, 0},
		"no such metric":                   {"x", nil, 0},
		"how often a histogram was filled": {"seconds", nil, 2},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := scrape.Sum(test.name, test.labels); got != test.want {
				t.Errorf("got %v, not %v", got, test.want)
			}
		})
	}
	if got := scrape.Total("seconds", nil); got != 7 {
		t.Errorf("seconds are %v in all, not 7", got)
	}
	if got := scrape.Total("x", nil); got != 0 {
		t.Errorf("a metric that is not there is %v in all", got)
	}
	if !scrape.Has("seconds") || scrape.Has("x") {
		t.Error("Has is wrong")
	}
}
