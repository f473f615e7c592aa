package reason_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy/reason"
)

func TestDescribeDoesNotAllocate(t *testing.T) {
	for _, r := range []reason.Reason{reason.OptedOut, reason.PodTooLarge, "unheard_of"} {
		if n := testing.AllocsPerRun(100, func() { reason.Describe(r) }); n != 0 {
			t.Errorf("%s: %g allocations", r, n)
		}
	}
}

func TestTableBelongsToItsCaller(t *testing.T) {
	reason.Table()[0].Fact = "changed"
	if d, _ := reason.Describe(reason.Table()[0].Reason); d.Fact == "changed" {
		t.Error("a caller changed what everybody reads")
	}
}

func BenchmarkDescribeTheLast(b *testing.B) {
	for b.Loop() {
		reason.Describe(reason.PodTooLarge)
	}
}
