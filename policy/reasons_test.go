package policy_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/reason"
)

func TestReasonsSpellTheKeysOfAnnotations(t *testing.T) {
	for why, key := range map[reason.Reason]string{
		reason.StrippedCopy: annotation.StatusKey,
		reason.NotAsked:     annotation.Key("", string(annotation.Inject)),
	} {
		description, ok := reason.Describe(why)
		if !ok || !strings.Contains(description.Remedy, key) {
			t.Errorf("%s: the remedy %q does not name %s", why, description.Remedy, key)
		}
	}
}

func TestEveryReasonIsDescribedOnce(t *testing.T) {
	seen := map[reason.Reason]bool{}
	for _, d := range reason.Table() {
		if seen[d.Reason] || d.Fact == "" {
			t.Errorf("%q stands twice or says nothing", d.Reason)
		}
		seen[d.Reason] = true
	}
}
