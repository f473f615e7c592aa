package prober_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/probe-injector/probe-injector/policy/timing"
)

// margins collects how close to its promise each class came, and prints them as one table.
type margins struct {
	header []string
	lock   sync.Mutex
	rows   [][]string
}

// newMargins begins a table. It is logged at the end of the test, so read it with go test -v.
func newMargins(t *testing.T, header ...string) *margins {
	t.Helper()
	m := &margins{header: append([]string{"class", "style"}, header...)}
	t.Cleanup(func() { t.Log("\n" + m.String()) })
	return m
}

// add adds the row of one class; durations are printed in seconds.
func (m *margins) add(e *emitted, cells ...any) {
	row := []string{e.class.Name, string(e.style)}
	for _, cell := range cells {
		if d, ok := cell.(time.Duration); ok {
			cell = fmt.Sprintf("%.3f", d.Seconds())
		}
		row = append(row, fmt.Sprint(cell))
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.rows = append(m.rows, row)
}

// String is the table, in an order that does not depend on which test ended first.
func (m *margins) String() string {
	m.lock.Lock()
	defer m.lock.Unlock()
	classes := timing.ClassNames()
	slices.SortStableFunc(m.rows, func(a, b []string) int {
		return cmp.Or(strings.Compare(b[1], a[1]), cmp.Compare(slices.Index(classes, a[0]), slices.Index(classes, b[0])))
	})
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{m.header}, m.rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err.Error()
	}
	return out.String()
}

// span is the smallest and the largest of what was seen.
type span struct {
	seen     bool
	min, max time.Duration
}

func (s *span) add(d time.Duration) {
	if !s.seen {
		*s = span{true, d, d}
		return
	}
	s.min, s.max = min(s.min, d), max(s.max, d)
}

// within fails the test unless everything that was seen lies between two moments, both allowed.
func (s *span) within(t *testing.T, what string, earliest, latest time.Duration) {
	t.Helper()
	if !s.seen {
		t.Errorf("%s: never seen", what)
		return
	}
	if s.min < earliest || s.max > latest {
		t.Errorf("%s: %s to %s, promised %s to %s", what, s.min, s.max, earliest, latest)
	}
}

// String is the span in seconds.
func (s *span) String() string {
	return fmt.Sprintf("%.1f to %.1f s", s.min.Seconds(), s.max.Seconds())
}
