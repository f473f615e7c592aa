package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// distribution is a mixture of log-normal parts. Times that software takes are skewed: a long tail on one side,
// nothing below zero.
type distribution []part

// part is one way to be fast or slow, by two figures that a person can check.
type part struct {
	// weight is the share of this part; the weights of a distribution add up to 1.
	weight float64
	// median and p99 are in seconds.
	median, p99 float64
}

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// draw gives whole milliseconds, so that the last bits of floating point, in which processors differ, change nothing.
func (d distribution) draw(r *rand.Rand) time.Duration {
	pick, chosen := r.Float64(), d[len(d)-1]
	for _, p := range d {
		if pick < p.weight {
			chosen = p
			break
		}
		pick -= p.weight
	}
	sigma := math.Log(chosen.p99/chosen.median) / z99
	drawn := chosen.median * math.Exp(sigma*r.NormFloat64())
	return time.Duration(math.Round(drawn*1000)) * time.Millisecond
}

// atMost draws until the time is within a limit, above until it is beyond one.
func (d distribution) atMost(limit time.Duration, r *rand.Rand) time.Duration {
	for {
		if drawn := d.draw(r); drawn <= limit {
			return drawn
		}
	}
}

func (d distribution) above(limit time.Duration, r *rand.Rand) time.Duration {
	for {
		if drawn := d.draw(r); drawn > limit {
			return drawn
		}
	}
}

// shareAbove is the exact share of times beyond a limit.
func (d distribution) shareAbove(limit time.Duration) float64 {
	share := 0.0
	for _, p := range d {
		sigma := math.Log(p.p99/p.median) / z99
		share += p.weight * math.Erfc(math.Log(limit.Seconds()/p.median)/sigma/math.Sqrt2) / 2
	}
	return share
}

func uniform(low, high time.Duration, r *rand.Rand) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}
