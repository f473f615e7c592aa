package explanation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

func (p *printer) container(c *Container) {
	kind := "Container "
	if c.Init {
		kind = "Init container "
	}
	p.Line(kind + c.Name)
	for i := range c.Probes {
		p.probe(&c.Probes[i])
	}
	p.timeline(c.Probes)
	for _, s := range joined(c.Skips) {
		p.Wrapped("  - ", s.subject()+": "+s.sentence())
	}
	for _, f := range c.Findings {
		p.Wrapped("  ! ", f.subject()+f.Message+" ("+f.label()+")")
	}
}

// joined says of probes with the same reason only once why there are none.
func joined(skips []Skip) []Skip {
	var all []Skip
	for _, s := range skips {
		same := slices.IndexFunc(all, func(other Skip) bool { return other.sentence() == s.sentence() && other.Probe != "" })
		if same >= 0 && s.Probe != "" {
			all[same].Probe += ", " + s.Probe
		} else {
			all = append(all, s)
		}
	}
	return all
}

// subject says which probes get nothing.
func (s *Skip) subject() string {
	if s.Probe == "" {
		return "no probes"
	}
	return "no " + s.Probe
}

func (f *Finding) subject() string {
	if f.Probe == "" {
		return ""
	}
	return f.Probe + ": "
}

// label is how much the finding matters, and the rule to look up.
func (f *Finding) label() string {
	if f.Rule == "" {
		return severityWord(f.Severity)
	}
	return severityWord(f.Severity) + " " + string(f.Rule)
}

func severityWord(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	default:
		return "note"
	}
}

// probe prints the probe as YAML that can be pasted into a container, each number with its meaning as a comment.
func (p *printer) probe(added *Probe) {
	p.Wrapped("  + "+added.Field+", ", added.Because+":")
	const indent, gap = "      ", 2
	handler, numbers := added.lines()
	for _, line := range handler {
		p.Line(indent + line)
	}
	column := 0
	for _, n := range numbers {
		column = max(column, len(indent+n.text)+gap)
	}
	for _, n := range numbers {
		p.Commented(indent+n.text, column, n.meaning)
	}
	for _, guarantee := range added.Guarantees {
		p.Wrapped("    => ", guarantee)
	}
}

// numberLine is one number as YAML, and what it means.
type numberLine struct {
	text, meaning string
}

// lines are the handler as YAML, and the numbers.
func (added *Probe) lines() (handler []string, numbers []numberLine) {
	for _, n := range added.Numbers {
		numbers = append(numbers, numberLine{fmt.Sprintf("%s: %d", n.Field, n.Value), n.Meaning})
	}
	text, err := yaml.Marshal(added.Value)
	var members map[string]any
	if err == nil {
		err = yaml.Unmarshal(text, &members)
	}
	if err != nil {
		return []string{"# " + err.Error()}, numbers
	}
	for _, field := range probe.Fields() {
		delete(members, string(field))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		// What was read as YAML can be written as YAML.
		one, _ := yaml.Marshal(map[string]any{name: members[name]})
		handler = append(handler, strings.Split(strings.TrimSuffix(string(one), "\n"), "\n")...)
	}
	return handler, numbers
}
