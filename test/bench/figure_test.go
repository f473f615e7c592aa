package main

import (
	"math"
	"testing"
)

func TestALineForEachFigure(t *testing.T) {
	cases := map[string]struct {
		target target
		value  float64
		want   string
	}{
		"below the target":        {atMost(1.3), 1.25, "bench name 1.25 <=1.3 pass"},
		"on the target":           {atMost(1.3), 1.3, "bench name 1.3 <=1.3 pass"},
		"what is printed decides": {atMost(1.3), 1.30049, "bench name 1.3 <=1.3 pass"},
		"above the target":        {atMost(1.3), 1.3006, "bench name 1.301 <=1.3 fail"},
		"a count":                 {atMost(150), 136, "bench name 136 <=150 pass"},
		"a large count":           {atMost(13600), 12342, "bench name 12342 <=13600 pass"},
		"within a range":          {within(0.9, 1.1), 1.02, "bench name 1.02 0.9..1.1 pass"},
		"below a range":           {within(0.9, 1.1), 0.89, "bench name 0.89 0.9..1.1 fail"},
		"above a range":           {within(0.9, 1.1), 1.11, "bench name 1.11 0.9..1.1 fail"},
		"less than nothing":       {atMost(0.6), -0.02, "bench name -0.02 <=0.6 pass"},
		"only to be read":         {information(), 1234.5678, "bench name 1234.568 - pass"},
		"not a number":            {atMost(1.3), math.NaN(), "bench name NaN <=1.3 fail"},
		"not a number to be read": {information(), math.NaN(), "bench name NaN - fail"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := (figure{"name", test.target}).line(test.value); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
