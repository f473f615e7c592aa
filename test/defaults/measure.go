package main

import (
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

const (
	// seed and samples fix the tables. Samples are those of one class in one scenario.
	seed    = 20260701
	samples = 1000
)

// results has the answers to all questions.
type results struct {
	subjects  []subject
	sets      []set
	scenarios []scenario
	// answers are sorted; the indices are scenario, question, subject, set.
	answers [][][][][]time.Duration
}

// measure plays every scenario to every set, for every class. Within a scenario all sets meet the same containers.
func measure() (*results, error) {
	all, err := subjects()
	if err != nil {
		return nil, err
	}
	res := &results{subjects: all, sets: sets(), scenarios: scenarios()}
	probes := make([][]kubelet.Probes, len(all))
	for i, s := range all {
		if probes[i], err = probesFor(s.Class, res.sets); err != nil {
			return nil, err
		}
	}
	res.answers = make([][][][][]time.Duration, len(res.scenarios))
	work := make(chan [2]int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for job := range work {
				res.play(job[0], job[1], probes[job[1]])
			}
		})
	}
	for i, s := range res.scenarios {
		res.answers[i] = make([][][][]time.Duration, len(s.questions))
		for j := range s.questions {
			res.answers[i][j] = make([][][]time.Duration, len(all))
		}
		for j := range all {
			work <- [2]int{i, j}
		}
	}
	close(work)
	workers.Wait()
	return res, nil
}

func probesFor(class timing.Class, sets []set) ([]kubelet.Probes, error) {
	probes := make([]kubelet.Probes, len(sets))
	for i, s := range sets {
		var err error
		if probes[i], err = s.probes(class); err != nil {
			return nil, err
		}
	}
	return probes, nil
}

// play fills the answers of one scenario for one class. Its random numbers depend on nothing else, so that jobs may
// run in any order.
func (res *results) play(scenario, subject int, probes []kubelet.Probes) {
	s, who := res.scenarios[scenario], res.subjects[subject]
	r := rand.New(rand.NewPCG(seed, stream(s.name, who.Name)))
	for i := range s.questions {
		res.answers[scenario][i][subject] = make([][]time.Duration, len(probes))
	}
	for range samples {
		drawn := s.draw(who, r)
		for j, p := range probes {
			timeline := kubelet.Simulate(p, drawn.trace, drawn.times)
			for i, q := range s.questions {
				into := &res.answers[scenario][i][subject][j]
				*into = append(*into, q.answer(timeline, drawn))
			}
		}
	}
	for i := range s.questions {
		for j := range probes {
			slices.Sort(res.answers[scenario][i][subject][j])
		}
	}
}

func stream(words ...string) uint64 {
	h := fnv.New64a()
	for _, word := range words {
		h.Write([]byte(word + "\n"))
	}
	return h.Sum64()
}

// pooled are the sorted answers of all classes together.
func (res *results) pooled(scenario, question, set int) []time.Duration {
	var all []time.Duration
	for _, bySet := range res.answers[scenario][question] {
		all = append(all, bySet[set]...)
	}
	slices.Sort(all)
	return all
}
