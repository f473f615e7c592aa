package main

import "math"

// How far a server may differ from itself before a measurement says nothing.
const (
	minSame = 0.9
	maxSame = 1.1
	// maxNothingMilliseconds is how much two creates may differ that the API server treats alike.
	maxNothingMilliseconds = 0.1
	// attempts is how often a measurement is made until one is not noisy.
	attempts = 2
)

// sameServer is the target of an A/A arm.
func sameServer() target { return within(minSame, maxSame) }

// comparison is what came out of comparing one server with another, and the other with its twin.
type comparison struct {
	// ratio is ours to the other's.
	ratio float64
	// same is the twin's to the other's, which would be 1 on a quiet machine.
	same float64
}

// corrected is the ratio of ours to the other and its twin, in the middle between them: which of the two was disturbed
// nobody knows.
func (c comparison) corrected() float64 { return c.ratio / math.Sqrt(c.same) }

// isNoisy reports whether the machine was too busy for the comparison.
func (c comparison) isNoisy() bool { return !sameServer().isMetBy(c.same) }

// noisyRun can be told from its outcome.
type noisyRun interface{ isNoisy() bool }

// untilValid measures once more if the outcome is noisy. The second outcome counts, whatever it is: its own A/A figure
// reports whether it is worth anything.
func untilValid[T noisyRun](b *bench, measure func() (T, error)) (T, error) {
	for attempt := 1; ; attempt++ {
		outcome, err := measure()
		if err != nil || !outcome.isNoisy() || attempt == attempts {
			return outcome, err
		}
		b.logf("  void, because equal servers differ: once more")
	}
}

// isNothing reports whether a difference in milliseconds is small enough for two things that should not differ.
func isNothing(milliseconds float64) bool { return math.Abs(milliseconds) <= maxNothingMilliseconds }
