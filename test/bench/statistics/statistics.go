// Package statistics is the arithmetic of the benchmark: what is left of samples that were taken in rounds, each round
// with one sample of every arm, so that what disturbs a round disturbs all arms of it.
package statistics

import (
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/perf/benchmath"
)

// confidence is that of all intervals.
const confidence = 0.95

const (
	// resamples is how many times Interval draws; more would not move the second digit.
	resamples = 1000
	// tail is what an interval leaves out on each side.
	tail = (1 - confidence) / 2
	// seed makes the interval of the same samples the same.
	seed = 1
)

// Summarize gives the median of values and an interval of it that assumes nothing about how they are distributed. Of
// too few values the interval is infinite; of none all is NaN.
func Summarize(values []float64) benchmath.Summary {
	if len(values) == 0 {
		return benchmath.Summary{Center: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
	}
	// A sample sorts what it is given, and the values are in the order of their rounds.
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, confidence)
}

// Median is the middle value, or the mean of the two middle ones; NaN of no values.
func Median(values []float64) float64 { return Summarize(values).Center }

// Ratios divides round by round.
func Ratios(of, by []float64) []float64 {
	return pairwise(of, by, func(a, b float64) float64 { return a / b })
}

// Differences subtracts round by round.
func Differences(of, minus []float64) []float64 {
	return pairwise(of, minus, func(a, b float64) float64 { return a - b })
}

func pairwise(a, b []float64, combine func(a, b float64) float64) []float64 {
	combined := make([]float64, len(a))
	for i := range a {
		combined[i] = combine(a[i], b[i])
	}
	return combined
}

// Interval is the bootstrap interval of a statistic of several arms that is more than a median. Whole rounds are drawn, with all their arms,
// because it is within a round that the arms can be compared.
func Interval(statistic func(arms ...[]float64) float64, arms ...[]float64) (low, high float64) {
	rounds := len(arms[0])
	if rounds == 0 {
		return math.NaN(), math.NaN()
	}
	random := rand.New(rand.NewPCG(seed, seed))
	drawn := make([][]float64, len(arms))
	for i := range arms {
		drawn[i] = make([]float64, rounds)
	}
	results := make([]float64, resamples)
	for n := range results {
		for i := range rounds {
			round := random.IntN(rounds)
			for arm := range arms {
				drawn[arm][i] = arms[arm][round]
			}
		}
		results[n] = statistic(drawn...)
	}
	slices.Sort(results)
	return results[int(tail*resamples)], results[resamples-1-int(tail*resamples)]
}
