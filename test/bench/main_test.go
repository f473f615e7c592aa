package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// fixed is an experiment with a known outcome.
func fixed(outcome values, err error, figures ...figure) experiment {
	return experiment{subject: "a test", figures: figures, measure: func(context.Context, *bench) (values, error) {
		return outcome, err
	}}
}

func TestAllThatIsWantedIsMeasuredAndPrinted(t *testing.T) {
	all := []experiment{
		fixed(values{"good": 1, "bad": 3}, nil, figure{"good", atMost(2)}, figure{"bad", atMost(2)}),
		fixed(nil, errors.New("no such machine"), figure{"broken", atMost(2)}),
		fixed(values{}, nil, figure{"forgotten", atMost(2)}),
		fixed(values{"last": 5}, nil, figure{"last", information()}),
	}
	cases := map[string]struct {
		only   string
		stdout string
		errors []string
	}{
		"everything": {"", "bench good 1 <=2 pass\nbench bad 3 <=2 fail\nbench last 5 - pass\n", []string{"bad", "no such machine", "no forgotten"}},
		"one figure": {"^good$", "bench good 1 <=2 pass\n", nil},
		"none":       {"other", "", nil},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			var stdout bytes.Buffer
			err := measureAll(t.Context(), &bench{log: io.Discard}, all, regexp.MustCompile(test.only), &stdout)
			if stdout.String() != test.stdout {
				t.Errorf("it prints\n%s", stdout.String())
			}
			if (err != nil) != (len(test.errors) > 0) {
				t.Fatalf("the error is %v", err)
			}
			for _, part := range test.errors {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %q: %v", part, err)
				}
			}
		})
	}
}

func TestFiguresHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, experiment := range experiments() {
		for _, figure := range experiment.figures {
			if seen[figure.name] || !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(figure.name) {
				t.Errorf("the name %q is there twice or hard to search for", figure.name)
			}
			seen[figure.name] = true
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"-unknown"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
