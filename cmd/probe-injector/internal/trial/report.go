package trial

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// The identity of a report.
const (
	APIVersion = "probe-injector.dev/v1alpha1"
	Kind       = "Trial"
)

// Report is what the tries have shown.
type Report struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Context    string    `json:"context,omitempty"`
	Policy     string    `json:"policy"`
	Workloads  []Subject `json:"workloads"`
}

// WriteText prints the report for people.
func (r *Report) WriteText(to io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Policy: %s\n", r.Policy)
	for i := range r.Workloads {
		r.Workloads[i].write(&text)
	}
	_, err := io.WriteString(to, text.String())
	return err
}

func (s *Subject) write(to *strings.Builder) {
	fmt.Fprintf(to, "\n%s\n", s.Workload)
	if s.AsIf {
		fmt.Fprintln(to, `  does not ask for probes; tried as if it said probe-injector.dev/inject: "true"`)
	}
	if s.Nothing != "" {
		fmt.Fprintln(to, "  "+s.Nothing)
	}
	for i := range s.Handlers {
		s.Handlers[i].write(to)
	}
}

func (h *Handler) write(to *strings.Builder) {
	kinds := make([]string, len(h.Probes))
	for i, kind := range h.Probes {
		kinds[i] = string(kind)
	}
	fmt.Fprintf(to, "  %s: %s %s\n", h.Container, strings.Join(kinds, "+"), h.Handler)
	if h.NotTried != "" {
		fmt.Fprintf(to, "      not tried: %s\n", h.NotTried)
	}
	width := 0
	for i := range h.Tries {
		width = max(width, len(h.Tries[i].Pod))
	}
	for i := range h.Tries {
		t := &h.Tries[i]
		answer := "no answer"
		if t.Code != 0 {
			answer = fmt.Sprintf("%d in %d ms", t.Code, t.Millis)
		}
		line := fmt.Sprintf("      %-*s  %-14s  %s", width, t.Pod, answer, h.said(t.Verdict))
		if t.Why != "" {
			line += ": " + t.Why
		}
		fmt.Fprintln(to, line)
	}
}

// said is a verdict for people.
func (h *Handler) said(v Verdict) string {
	ready := slices.Contains(h.Probes, probe.Readiness)
	switch {
	case v == Pass && ready:
		return "would be ready"
	case v == Pass:
		return "would pass"
	case v == Fail:
		return "would not"
	}
	return "unknown"
}
