package main

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestEveryRoundHasEveryArm(t *testing.T) {
	const rounds = 200
	var order []string
	arms := make([]arm, 0, 3)
	for i, name := range []string{"a", "b", "c"} {
		arms = append(arms, arm{name: name, sample: func(context.Context) (float64, error) {
			order = append(order, name)
			return float64(i), nil
		}})
	}
	samples, err := interleave(t.Context(), rounds, arms)
	if err != nil {
		t.Fatal(err)
	}
	firsts := map[string]bool{}
	for round := range slices.Chunk(order, len(arms)) {
		firsts[round[0]] = true
		if slices.Sort(round); !slices.Equal(round, []string{"a", "b", "c"}) {
			t.Fatalf("a round has %q", round)
		}
	}
	if len(firsts) != len(arms) {
		t.Errorf("only %v ever came first", firsts)
	}
	for i, arm := range arms {
		if got := samples[arm.name]; len(got) != rounds || slices.ContainsFunc(got, func(v float64) bool { return v != float64(i) }) {
			t.Errorf("the arm %s has %v", arm.name, got)
		}
	}
}

func TestAnArmThatCannotBeMeasuredEndsIt(t *testing.T) {
	broken := errors.New("broken")
	_, err := interleave(t.Context(), 2, []arm{{"a", func(context.Context) (float64, error) { return 0, broken }}})
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}
