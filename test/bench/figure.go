package main

import (
	"math"
	"strconv"
)

// figure is one number that is measured and what it should be.
type figure struct {
	name   string
	target target
}

// line is how a figure is printed.
func (f figure) line(value float64) string {
	verdict := "fail"
	if f.target.isMetBy(value) {
		verdict = "pass"
	}
	return "bench " + f.name + " " + format(value) + " " + f.target.String() + " " + verdict
}

// target is the range in which a figure should be, its ends included.
type target struct {
	low, high float64
}

func atMost(high float64) target { return target{math.Inf(-1), high} }

func within(low, high float64) target { return target{low, high} }

// information is the target of a figure that is only there to be read.
func information() target { return target{math.Inf(-1), math.Inf(1)} }

// isMetBy judges what is printed, so that no reader sees 1.300 fail a target of 1.3. What is not a number meets no
// target.
func (t target) isMetBy(value float64) bool {
	value = round(value)
	return t.low <= value && value <= t.high
}

func (t target) String() string {
	switch {
	case math.IsInf(t.low, -1) && math.IsInf(t.high, 1):
		return "-"
	case math.IsInf(t.low, -1):
		return "<=" + format(t.high)
	default:
		return format(t.low) + ".." + format(t.high)
	}
}

// decimals are those that are printed.
const decimals = 3

func round(value float64) float64 {
	scale := math.Pow10(decimals)
	return math.Round(value*scale) / scale
}

func format(value float64) string {
	return strconv.FormatFloat(round(value), 'f', -1, 64)
}
