package main

import (
	"errors"
	"io"
	"testing"
)

func TestCorrectedRatioAndNoise(t *testing.T) {
	cases := map[string]struct {
		comparison comparison
		corrected  float64
		noisy      bool
	}{
		"a quiet machine":                {comparison{ratio: 1.25, same: 1}, 1.25, false},
		"the twin was a little too slow": {comparison{ratio: 1.25, same: 1.0816}, 1.202, false},
		"the twin was a little too fast": {comparison{ratio: 1.25, same: 0.9216}, 1.302, false},
		"the twin was much too slow":     {comparison{ratio: 1.2, same: 1.44}, 1, true},
		"the twin was much too fast":     {comparison{ratio: 1, same: 0.64}, 1.25, true},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := round(test.comparison.corrected()); got != test.corrected {
				t.Errorf("the corrected ratio is %v, not %v", got, test.corrected)
			}
			if got := test.comparison.isNoisy(); got != test.noisy {
				t.Errorf("noisy: %v", got)
			}
		})
	}
}

func TestANoisyMeasurementIsRepeatedOnce(t *testing.T) {
	good, bad := comparison{1, 1}, comparison{1, 2}
	cases := map[string]struct {
		outcomes []comparison
		want     comparison
		measured int
	}{
		"valid at once":       {[]comparison{good, bad}, good, 1},
		"valid the next time": {[]comparison{bad, good}, good, 2},
		"noisy again":         {[]comparison{bad, bad, good}, bad, 2},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			measured := 0
			got, err := untilValid(&bench{log: io.Discard}, func() (comparison, error) {
				measured++
				return test.outcomes[measured-1], nil
			})
			if err != nil || got != test.want || measured != test.measured {
				t.Errorf("%v after %d measurements, error %v", got, measured, err)
			}
		})
	}
	t.Run("an error is not repeated", func(t *testing.T) {
		broken, measured := errors.New("broken"), 0
		_, err := untilValid(&bench{log: io.Discard}, func() (comparison, error) {
			measured++
			return bad, broken
		})
		if !errors.Is(err, broken) || measured != 1 {
			t.Errorf("%v after %d measurements", err, measured)
		}
	})
}
