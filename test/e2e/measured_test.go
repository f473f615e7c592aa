package e2e

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"
)

// slack is what a measurement adds to the moment at which the kubelet acts: ending the container, writing the status,
// our seeing it, on a machine that does much else. The guarantees themselves are held to the millisecond by test/prober.
const slack = 3 * time.Second

// measured is a time that was taken beside the bounds that the engine prints for it.
type measured struct {
	subject, what       string
	took                time.Duration
	notBefore, notAfter time.Duration
}

// table collects what was measured, for people to read at the end.
type table struct {
	mutex sync.Mutex
	rows  []measured
}

// expect notes a measurement and fails the test if it is out of its bounds. A bound of 0 is none.
func (s *suite) expect(t *testing.T, m measured) {
	t.Helper()
	s.table.mutex.Lock()
	s.table.rows = append(s.table.rows, m)
	s.table.mutex.Unlock()
	t.Logf("%s: %s", m.subject, m)
	// Times of a container's status are cut to the second.
	if m.notBefore > 0 && m.took < m.notBefore-time.Second {
		t.Errorf("%s: %s: too early", m.subject, m)
	}
	if m.notAfter > 0 && m.took > m.notAfter+slack {
		t.Errorf("%s: %s: too late", m.subject, m)
	}
}

// String is the time and its bounds.
func (m measured) String() string {
	return fmt.Sprintf("%s after %.1f s, promised %s", m.what, m.took.Seconds(), m.promise())
}

func (m measured) promise() string {
	if m.notBefore == 0 {
		return fmt.Sprintf("at most %.0f s", m.notAfter.Seconds())
	}
	return fmt.Sprintf("%.0f to %.0f s", m.notBefore.Seconds(), m.notAfter.Seconds())
}

// print writes the table, if there is anything in it, as docs/generate/measured/nodes.txt has its rows.
func (t *table) print(to io.Writer) error {
	if len(t.rows) == 0 {
		return nil
	}
	slices.SortStableFunc(t.rows, func(a, b measured) int { return cmp.Compare(a.subject, b.subject) })
	text := "\n| subject | what | measured | promised |\n|---|---|---|---|\n"
	for _, m := range t.rows {
		text += fmt.Sprintf("| %s | %s | %.1f s | %s |\n", m.subject, m.what, m.took.Seconds(), m.promise())
	}
	if _, err := io.WriteString(to, text); err != nil {
		return fmt.Errorf("writing the table of measured times: %w", err)
	}
	return nil
}
