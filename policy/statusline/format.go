package statusline

import (
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Format writes the line, at most MaxLength bytes of it: containers for which there is no room are replaced by "...". The
// mistake comes whole.
func Format(s Status) string {
	segments := make([]string, 0, len(s.Containers)+1)
	for i := range s.Containers {
		segments = append(segments, s.Containers[i].format())
	}
	switch {
	case len(segments) == 0 && !s.Cut:
		segments = append(segments, nothing+string(s.PodReason))
	case s.PodReason != "":
		segments = append(segments, nothingElse+string(s.PodReason))
	}
	if s.Cut {
		segments = append(segments, more)
	}
	tail := ""
	if s.Mistake != "" {
		tail = ContainerSeparator + wrongAnnotation + s.Mistake
	}
	tail += " (" + s.Version + ")"
	return fit(segments, MaxLength-len(tail)) + tail
}

// fit joins as many segments as the limit allows and says when there are more.
func fit(segments []string, limit int) string {
	const rest = ContainerSeparator + more
	line := ""
	for i, segment := range segments {
		next := segment
		if i > 0 {
			next = line + ContainerSeparator + segment
		}
		if len(next)+len(rest) > limit {
			return strings.TrimPrefix(line+rest, ContainerSeparator)
		}
		line = next
	}
	return line
}

// format writes the part of one container.
func (c *Container) format() string {
	if c.Probes.Len() == 0 {
		return c.Name + ": " + nothing + withDetail(c.Reason, c.Detail)
	}
	line := make([]byte, 0, 160)
	line = append(append(line, c.Name...), ": "...)
	line = c.appendProbes(line)
	line = c.appendTimes(line)
	for _, w := range c.Withheld {
		line = append(append(append(append(append(line, clauseSeparator...), "no "...), w.Kind...), ": "...), withDetail(w.Reason, w.Detail)...)
	}
	return string(line)
}

func withDetail(why reason.Reason, detail string) string {
	if detail == "" {
		return string(why)
	}
	return string(why) + detailBegin + detail + detailEnd
}

// Around a detail; the version has them, too, and is always the last.
const detailBegin, detailEnd = " (", ")"

// appendProbes joins startup and liveness when they have the same handler.
func (c *Container) appendProbes(line []byte) []byte {
	start, hasStartup := c.Probes.Get(probe.Startup)
	live, hasLiveness := c.Probes.Get(probe.Liveness)
	first := true
	add := func(word, handler string) {
		if !first {
			line = append(line, probeSeparator...)
		}
		first = false
		line = append(append(append(line, word...), ' '), handler...)
	}
	if hasStartup && hasLiveness && start == live {
		add("startup+liveness", live)
	} else {
		if hasStartup {
			add("startup", start)
		}
		if hasLiveness {
			add("liveness", live)
		}
	}
	if ready, ok := c.Probes.Get(probe.Readiness); ok {
		add("readiness", ready)
	}
	return line
}

// appendTimes says what the probes that can kill guarantee.
func (c *Container) appendTimes(line []byte) []byte {
	hasLiveness := c.Probes.Has(probe.Liveness)
	if !hasLiveness && !c.Probes.Has(probe.Startup) {
		return line
	}
	line = append(append(line, clauseSeparator...), startPrefix...)
	line = append(strconv.AppendInt(line, int64(c.StartWithin), 10), startSuffix...)
	if hasLiveness {
		line = append(append(line, probeSeparator...), restartPrefix...)
		line = append(strconv.AppendInt(line, int64(c.RestartFrom), 10), '-')
		line = append(strconv.AppendInt(line, int64(c.RestartTo), 10), 's')
	}
	return line
}

const (
	startPrefix   = "up to "
	startSuffix   = "s to start"
	restartPrefix = "restart after "
)
