package corpus_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/defaults/corpus"
)

// promise is what a mode gives at least, in percent of the author's probes; port of what is injected.
type promise struct{ readiness, liveness, port int }

var promises = map[string]promise{
	`inject: "true"`: {readiness: 72, liveness: 52, port: 95},
	"a rule":         {readiness: 43, liveness: 1, port: 97},
}

// mostShorter is a third of the liveness probes that ended a start before the author's, or tolerated less than half, when the
// templates were first compared.
const mostShorter = 11

func expectAtLeast(t *testing.T, what string, n, of, percent int) {
	t.Helper()
	if n*100 < of*percent {
		t.Errorf("%s: %d of %d, at least %d %% are promised", what, n, of, percent)
	}
}

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
			if live.Shorter > mostShorter {
				t.Errorf("%d liveness probes are shorter than the author's, at most %d are promised", live.Shorter, mostShorter)
			}
			for i := range c.Rows {
				if row := &c.Rows[i]; row.Shorter && row.WhyShorter() == "" {
					t.Errorf("%s %s: nobody has read why its author is more patient", row.Template.Source, row.Container.Image)
				}
			}
			if mode.Group != "" {
				for _, template := range c.WrongContainer {
					t.Errorf("%s %s: probes only where the author has none", template.Source, template.Name)
				}
			}
			promised := promises[mode.Name]
			expectAtLeast(t, "readiness injected", ready.Injected, ready.Author, promised.readiness)
			expectAtLeast(t, "liveness injected", live.Injected, live.Author, promised.liveness)
			expectAtLeast(t, "readiness on the author's port", ready.Injected-ready.Verdicts[corpus.OtherPort], ready.Injected, promised.port)
		})
	}
}
