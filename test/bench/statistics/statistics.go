// Package statistics is the arithmetic of the benchmark: what is left of samples that were taken in rounds, each round
// with one sample of every arm, so that what disturbs a round disturbs all arms of it.
package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// resamples is how many times Interval draws; more would not move the second digit.
	resamples = 1000
	// tail is what a 95 % interval leaves out on each side.
	tail = 0.025
	// seed makes the interval of the same samples the same.
	seed = 1
)

// Median is the middle value, or the mean of the two middle ones; NaN of no values.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

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

// Interval is the 95 % bootstrap interval of a statistic of several arms. Whole rounds are drawn, with all their arms,
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
