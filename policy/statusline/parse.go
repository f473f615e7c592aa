package statusline

import (
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Parse reads a line back. What is not in the form of Format is left out, and ok reports whether there was nothing of the
// kind: then formatting the Status again gives the same line.
func Parse(line string) (s Status, ok bool) {
	body := WithoutVersion(line)
	if body == "" || len(body) > MaxLength {
		return Status{}, false
	}
	s.Version = line[len(body)+len(" (") : len(line)-len(")")]
	// All that follows belongs to the mistake, which quotes what people wrote.
	body, s.Mistake, _ = strings.Cut(body, ContainerSeparator+wrongAnnotation)
	ok = true
	segments := strings.Split(body, ContainerSeparator)
	for i, segment := range segments {
		last := i == len(segments)-1
		switch {
		case segment == more && last:
			s.Cut = true
		case len(segments) == 1 && isPodReason(segment):
			s.PodReason = reason.Reason(segment[len(nothing):])
		case len(s.Containers) > 0 && strings.HasPrefix(segment, nothingElse):
			s.PodReason = reason.Reason(segment[len(nothingElse):])
		default:
			c, whole := parseContainer(segment)
			ok = ok && whole
			if c.Name != "" {
				s.Containers = append(s.Containers, c)
			}
		}
	}
	return s, ok && Format(s) == line
}

// isPodReason tells a line that concerns the Pod as a whole from one about its only container, which may be called nothing:
// a reason is one word.
func isPodReason(segment string) bool {
	why, found := strings.CutPrefix(segment, nothing)
	return found && !strings.Contains(why, " ")
}

// parseContainer reads the part of one container; its name is empty when it lists nothing that can be read.
func parseContainer(segment string) (c Container, whole bool) {
	name, rest, found := strings.Cut(segment, ": ")
	if !found {
		return Container{}, false
	}
	c.Name = name
	if why, none := strings.CutPrefix(rest, nothing); none {
		c.Reason, c.Detail = parseReason(why)
		return c, true
	}
	clauses := strings.Split(rest, clauseSeparator)
	if c.Probes, found = parseProbes(clauses[0]); !found {
		return Container{}, false
	}
	whole = true
	for _, clause := range clauses[1:] {
		whole = c.parseClause(clause) && whole
	}
	return c, whole
}

// parseReason reads a reason and what people can change about it.
func parseReason(text string) (why reason.Reason, detail string) {
	word, rest, _ := strings.Cut(text, detailBegin)
	if detail, ok := strings.CutSuffix(rest, detailEnd); ok {
		return reason.Reason(word), detail
	}
	return reason.Reason(text), ""
}

// parseProbes reads a list such as "startup+liveness tcp:80, readiness tcp:80".
func parseProbes(list string) (probes probe.Map[string], ok bool) {
	for part := range strings.SplitSeq(list, probeSeparator) {
		words, handler, found := strings.Cut(part, " ")
		if !found || strings.Contains(handler, " ") {
			return probe.Map[string]{}, false
		}
		for word := range strings.SplitSeq(words, "+") {
			kind := probe.Kind(word)
			if kind != probe.Startup && kind != probe.Liveness && kind != probe.Readiness {
				return probe.Map[string]{}, false
			}
			probes.Set(kind, handler)
		}
	}
	return probes, probes.Len() > 0
}

// parseClause reads what follows the probes.
func (c *Container) parseClause(clause string) bool {
	if clauseBody, ok := strings.CutPrefix(clause, "no "); ok {
		kind, why, found := strings.Cut(clauseBody, ": ")
		withheld := Withheld{Kind: probe.Kind(kind)}
		withheld.Reason, withheld.Detail = parseReason(why)
		c.Withheld = append(c.Withheld, withheld)
		return found
	}
	start, restart, hasRestart := strings.Cut(clause, probeSeparator)
	var ok bool
	if c.StartWithin, ok = secondsBetween(start, startPrefix, startSuffix); !ok || !hasRestart {
		return ok
	}
	from, to, ok := strings.Cut(strings.TrimPrefix(restart, restartPrefix), "-")
	if !ok {
		return false
	}
	var okFrom, okTo bool
	c.RestartFrom, okFrom = secondsBetween(from, "", "")
	c.RestartTo, okTo = secondsBetween(to, "", "s")
	return okFrom && okTo
}

// secondsBetween reads the number between a prefix and a suffix.
func secondsBetween(text, prefix, suffix string) (int32, bool) {
	rest, hasPrefix := strings.CutPrefix(text, prefix)
	number, hasSuffix := strings.CutSuffix(rest, suffix)
	seconds, err := strconv.ParseInt(number, 10, 32)
	return int32(seconds), hasPrefix && hasSuffix && err == nil
}
