package preflight

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// What the lines of a plan begin with.
const (
	willGet  = "will get "
	wouldGet = "the policy is in Audit mode and changes nothing; would get "
)

// plan is the status that the Pods will have without the version and without what is wrong, which is told already: a part for
// each container, and what to say before each part. A status that must stay as it is, because somebody wrote the same into the
// template, stays.
func plan(template *workload.Pod, d *policy.Decision) (begin string, parts []string) {
	status := d.Status
	if status == "" && !d.StatusOmitted {
		status = template.Annotations()[annotation.StatusKey]
	}
	line := statusline.WithoutMistake(statusline.WithoutVersion(status))
	if line == "" {
		return "", nil
	}
	begin = willGet
	if d.Mode == v1alpha1.ModeAudit {
		begin = wouldGet
	}
	return begin, strings.Split(line, statusline.ContainerSeparator)
}

// addPlan says the parts of a plan, a line each. What there is no room for ends in "...".
func (l *lines) addPlan(begin string, parts []string) {
	room := MaxLines - len(l.all)
	if len(parts) > room {
		parts = parts[:room]
		parts[room-1] = text.Truncate(parts[room-1], l.room()-len(begin)-len(andMore), "...") + andMore
	}
	for _, part := range parts {
		l.add(begin + part)
	}
}

// andMore ends a plan that has more containers than there are lines.
const andMore = " | ..."
