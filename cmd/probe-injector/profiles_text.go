package main

import (
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/page"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// writeProfiles prints the table. The software is cut to what is left of the width: the names tell it too.
func writeProfiles(to io.Writer, all []knownProfile) error {
	const others, least = len("  READINESS   LIVENESS    interpreted"), len("SOFTWARE")
	name := len("NAME")
	for i := range all {
		name = max(name, len(all[i].Name))
	}
	software := max(least, page.Width-name-others-len("  "))
	row := fmt.Sprintf("%%-%ds  %%-%ds  %%-10s  %%-10s  %%s\n", name, software)
	var text strings.Builder
	fmt.Fprintf(&text, row, "NAME", "SOFTWARE", "READINESS", "LIVENESS", "CLASS")
	for i := range all {
		p := &all[i]
		fmt.Fprintf(&text, row, p.Name, shortened(p.Summary, software), catalogue.Level(p.Readiness), catalogue.Level(p.Liveness), p.Class)
	}
	text.WriteString("\noffered: to rules and Pods that ask; on request: to Pods that ask; own key: to\n" +
		"Pods with liveness: \"true\". \"probe-injector profiles NAME\" tells all about one.\n")
	_, err := io.WriteString(to, text.String())
	return err
}

// shortened keeps a text within a number of columns.
func shortened(text string, width int) string {
	const dots = "..."
	if len(text) <= width {
		return text
	}
	return strings.TrimRight(text[:width-len(dots)], " ,:") + dots
}

// description is a page of labelled lines.
type description struct{ *page.Page }

// line adds a label and its text; nothing without a text.
func (d description) line(label, text string) {
	const column = len("Defined in:  ")
	if text != "" {
		d.Wrapped(fmt.Sprintf("%-*s", column, label+":"), text)
	}
}

// describeProfile prints everything about one profile.
func describeProfile(to io.Writer, p *knownProfile) error {
	words := catalogue.Words(func(name string) string { return name })
	d := description{page.New(to)}
	d.line("Name", p.Name)
	d.line("Software", p.Summary)
	d.line("Defined in", p.place)
	if len(p.Detect) == 0 {
		d.line("Detected", "by nothing: it applies where an annotation or a rule names it")
	}
	for i := range p.Detect {
		label := "Detected"
		if i > 0 {
			label = "   or by"
		}
		d.line(label, words.Detection(&p.Detect[i]))
	}
	if findsPort(p.Readiness, p.Liveness, p.Startup) {
		d.line("Port", strings.TrimPrefix(words.Ports(&p.Profile)+", else the container's only port", ", else "))
	}
	d.line("Moved by", words.Settings(&p.Profile))
	d.line("Readiness", probeInWords(words, p.Readiness))
	d.line("Liveness", probeInWords(words, p.Liveness))
	d.line("Startup", startupInWords(words, &p.Profile))
	d.line("Host header", p.HostHeader)
	d.line("Headers", catalogue.Headers(p.HTTPHeaders))
	d.line("Class", p.Class)
	d.line("Times", timesInWords(&p.Profile))
	d.line("Risk", p.Risk)
	d.line("Source", p.Source)
	d.Line("")
	for line := range strings.SplitSeq(strings.TrimSuffix(exampleOf(&p.Profile), "\n"), "\n") {
		d.Line(line)
	}
	return d.Err()
}

// findsPort reports whether a probe leaves its port to the profile.
func findsPort(probes ...*v1alpha1.ProfileProbe) bool {
	for _, p := range probes {
		if p == nil || p.Handler == "" {
			continue
		}
		if handler, err := annotation.ParseProfileHandler(p.Handler); err == nil && handler.Port.IsZero() {
			return true
		}
	}
	return false
}

func probeInWords(words catalogue.Words, p *v1alpha1.ProfileProbe) string {
	text := catalogue.Level(p)
	if handler := words.Handler(p); handler != "" {
		text += ": " + handler
	}
	if p != nil && len(p.HTTPHeaders) > 0 {
		text += ", with " + catalogue.Headers(p.HTTPHeaders)
	}
	if fields := catalogue.Fields(p); len(fields) > 0 {
		text += ", with " + strings.Join(fields, ", ")
	}
	return text
}

// startupInWords says what asks during the start, where liveness can bring a startup probe along.
func startupInWords(words catalogue.Words, p *v1alpha1.Profile) string {
	switch {
	case p.Startup != nil:
		return "with liveness: " + words.Handler(p.Startup)
	case catalogue.Level(p.Liveness) == catalogue.LevelNever:
		return ""
	}
	return "with liveness, the same question"
}

// timesInWords are the inputs of the derivation: the profile's own, else those of its class.
func timesInWords(p *v1alpha1.Profile) string {
	class, _ := timing.ClassByName(p.Class)
	var parts []string
	for _, each := range []struct {
		name string
		own  *metav1.Duration
		of   int32
	}{
		{"startup budget", p.StartupBudget, class.StartupBudget},
		{"restart after", p.RestartAfter, class.RestartAfter},
		{"unready after", p.UnreadyAfter, class.UnreadyAfter},
	} {
		seconds := each.of
		if each.own != nil {
			seconds = v1alpha1.Seconds(each.own)
		}
		parts = append(parts, fmt.Sprintf("%s %d s", each.name, seconds))
	}
	return strings.Join(parts, ", ")
}

// exampleOf are the annotations that ask for all that the profile gives.
func exampleOf(p *v1alpha1.Profile) string {
	readiness, liveness := catalogue.Level(p.Readiness), catalogue.Level(p.Liveness)
	lines := []string{annotation.Key("", string(annotation.Profile)) + ": " + p.Name}
	for _, each := range []struct {
		key   annotation.Word
		level string
	}{{annotation.Readiness, readiness}, {annotation.Liveness, liveness}} {
		if each.level == catalogue.LevelOwnKey {
			lines = append(lines, annotation.Key("", string(each.key))+`: "true"`)
		}
	}
	if readiness == catalogue.LevelNever && liveness == catalogue.LevelNever {
		return "It gives no probes. A handler of your own, on the Pod:\n" +
			"  " + annotation.Key("", string(annotation.Readiness)) + ": /PATH\n"
	}
	return "To ask for it, on the Pod (a workload's spec.template.metadata.annotations):\n  " + strings.Join(lines, "\n  ") + "\n"
}
