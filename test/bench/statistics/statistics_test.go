package statistics_test

import (
	"math"
	"slices"
	"testing"

	"github.com/probe-injector/probe-injector/test/bench/statistics"
)

func TestMedian(t *testing.T) {
	cases := map[string]struct {
		values []float64
		want   float64
	}{
		"one":                     {[]float64{7}, 7},
		"odd":                     {[]float64{9, 1, 5}, 5},
		"even":                    {[]float64{4, 1, 3, 2}, 2.5},
		"an outlier says nothing": {[]float64{1, 1000, 2}, 2},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.values)
			if got := statistics.Median(test.values); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if !slices.Equal(test.values, before) {
				t.Error("it changed the order of the rounds")
			}
		})
	}
	if got := statistics.Median(nil); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestSummarize(t *testing.T) {
	var values []float64
	for i := range 100 {
		values = append(values, float64(100+i))
	}
	s := statistics.Summarize(values)
	if s.Center != 149.5 || s.Lo >= 149.5 || s.Hi <= 149.5 || s.Lo < 130 || s.Hi > 170 {
		t.Errorf("the interval of the median 149.5 is %v to %v around %v", s.Lo, s.Hi, s.Center)
	}
	if s := statistics.Summarize([]float64{1, 2, 3}); !math.IsInf(s.Lo, -1) || !math.IsInf(s.Hi, 1) {
		t.Errorf("three values prove nothing, but the interval is %v to %v", s.Lo, s.Hi)
	}
	if s := statistics.Summarize(nil); !math.IsNaN(s.Lo) || !math.IsNaN(s.Hi) {
		t.Errorf("nothing has an interval: %v to %v", s.Lo, s.Hi)
	}
}

func TestRoundsAreComparedOneByOne(t *testing.T) {
	// The machine is half as fast in the second round, for both arms.
	of, by := []float64{3, 6, 3}, []float64{2, 4, 2}
	if got := statistics.Ratios(of, by); !slices.Equal(got, []float64{1.5, 1.5, 1.5}) {
		t.Errorf("the ratios are %v", got)
	}
	if got := statistics.Differences(of, by); !slices.Equal(got, []float64{1, 2, 1}) {
		t.Errorf("the differences are %v", got)
	}
}

func TestInterval(t *testing.T) {
	ratio := func(arms ...[]float64) float64 {
		return statistics.Median(arms[0]) / statistics.Median(arms[1])
	}
	t.Run("it has no width where all rounds agree", func(t *testing.T) {
		low, high := statistics.Interval(ratio, []float64{3, 3, 3}, []float64{2, 2, 2})
		if low != 1.5 || high != 1.5 {
			t.Errorf("it is %v to %v", low, high)
		}
	})
	t.Run("it holds the statistic, and draws whole rounds", func(t *testing.T) {
		var of, by []float64
		for i := range 100 {
			by = append(by, float64(100+i))
			of = append(of, 2*float64(100+i))
		}
		low, high := statistics.Interval(ratio, of, by)
		if low != 2 || high != 2 {
			t.Errorf("every round has the ratio 2, but it is %v to %v", low, high)
		}
		low, high = statistics.Interval(func(arms ...[]float64) float64 { return statistics.Median(arms[0]) }, by)
		if low >= 149.5 || high <= 149.5 || low < 130 || high > 170 {
			t.Errorf("the interval of the median 149.5 is %v to %v", low, high)
		}
	})
	t.Run("nothing has none", func(t *testing.T) {
		low, high := statistics.Interval(ratio, nil, nil)
		if !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("it is %v to %v", low, high)
		}
	})
}
