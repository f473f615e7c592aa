package main

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// arm is one of the things that are compared.
type arm struct {
	name string
	// sample measures it once.
	sample func(context.Context) (float64, error)
}

// interleave samples every arm once a round, in an order that changes, so that none always comes after the same other
// and all see the same weather. The samples come back by the arms' names, in the order of the rounds.
func interleave(ctx context.Context, rounds int, arms []arm) (map[string][]float64, error) {
	samples := make(map[string][]float64, len(arms))
	for range rounds {
		for _, i := range rand.Perm(len(arms)) {
			value, err := arms[i].sample(ctx)
			if err != nil {
				return nil, fmt.Errorf("measuring %s: %w", arms[i].name, err)
			}
			samples[arms[i].name] = append(samples[arms[i].name], value)
		}
	}
	return samples, nil
}
