package corpus_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/defaults/corpus"
)

// TestTheCorpus holds what is promised about public templates. The figures themselves stand in docs/defaults.md.
func TestTheCorpus(t *testing.T) {
	all, err := corpus.Read()
	if err != nil {
		t.Fatal(err)
	}
	const leastTemplates = 400
	if len(all) < leastTemplates {
		t.Errorf("%d templates, at least %d are promised", len(all), leastTemplates)
	}
	for _, mode := range corpus.Modes() {
		t.Run(mode.Name, func(t *testing.T) {
			c, err := corpus.Compare(mode, all)
			if err != nil {
				t.Fatal(err)
			}
			ready, live := c.Of(probe.Readiness), c.Of(probe.Liveness)
			t.Logf("readiness %d of %d, liveness %d of %d, other port %d and %d, shorter %d", ready.Injected, ready.Author, live.Injected, live.Author,
				ready.Verdicts[corpus.OtherPort], live.Verdicts[corpus.OtherPort], live.Shorter)
			for _, template := range c.WrongContainer {
				t.Errorf("%s %s: probes only where the author has none", template.Source, template.Name)
			}
		})
	}
}
