package explanation

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Line is what becomes of a workload's Pods, on one line: "shop/deployment/web  app: readiness tcp:80 [3fa9c1]".
type Line struct {
	// Workload is namespace/kind/name.
	Workload string
	// Says is the status that the Pods get, without its version, and the hash of what is added to them; or "untouched: "
	// and why.
	Says string
}

func (l Line) String() string { return l.Workload + lineSeparator + l.Says }

// lineSeparator stands between the workload, which has no spaces, and what is said of it.
const lineSeparator = "  "

// ParseLine reads a line back; ok is false where it has not the form of one.
func ParseLine(text string) (l Line, ok bool) {
	l.Workload, l.Says, ok = strings.Cut(text, lineSeparator)
	return l, ok && l.Workload != "" && l.Says != "" && !strings.Contains(l.Workload, " ")
}

// untouched begins what is said of Pods that get neither probes nor a status.
const untouched = "untouched: "

// Line is the workload on one line. Every number and every word of a handler that is added changes its hash.
func (w *Workload) Line() Line {
	name := strings.Join([]string{w.Namespace, strings.ToLower(w.Kind), strings.ReplaceAll(w.Name, " ", "")}, "/")
	if w.Live != nil && w.Live.Next != nil {
		return Line{name, w.Live.Next.Line}
	}
	return Line{name, w.says()}
}

func (w *Workload) says() string {
	switch {
	case w.Refused != "":
		return untouched + "the API server will not accept it: " + w.Refused
	case w.Unreached != "" && len(w.Misplaced) > 0:
		return untouched + fmt.Sprintf("misplaced: nothing reads %s; move it to %s", w.Misplaced[0], w.Place)
	case w.Unreached != "":
		return untouched + w.Unreached
	}
	var status, audits []string
	why := ""
	for i := range w.Answers {
		a := &w.Answers[i]
		switch {
		case a.plan == "":
			why = cmp.Or(why, a.because())
		case a.Mode != v1alpha1.ModeAudit:
			// A later answer's status tells of the earlier ones as well.
			status = []string{a.plan}
		case a.adds():
			audits = append(audits, policy.AuditWouldAdd+a.plan)
		default:
			audits = append(audits, audit+a.plan)
		}
	}
	says := strings.Join(append(status, audits...), " | ")
	if says == "" {
		return untouched + why
	}
	if hash := hash(w.emitted()); hash != "" {
		says += " [" + hash + "]"
	}
	return says
}

// audit begins what is said of an answer that changes nothing, and would add nothing either.
const audit = "audit: "

// because is why an answer has nothing to say on the Pod.
func (a *Answer) because() string {
	if len(a.Skips) > 0 {
		return a.Skips[0].Fact
	}
	return "there is nothing to add"
}

// hashLength is how many hexadecimal digits tell one answer from another: one change in 16 million goes unseen.
const hashLength = 6

// hash is that of everything that is added, whatever its order: empty where it is nothing.
func hash(emitted []string) string {
	if len(emitted) == 0 {
		return ""
	}
	slices.Sort(emitted)
	sum := sha256.Sum256([]byte(strings.Join(emitted, "\n")))
	return hex.EncodeToString(sum[:])[:hashLength]
}

// emitted is everything that is added to the workload's Pods, or would be.
func (w *Workload) emitted() []string {
	var all []string
	for i := range w.Answers {
		a := &w.Answers[i]
		for j := range a.Containers {
			c := &a.Containers[j]
			for k := range c.Probes {
				all = append(all, emission(c.Name, c.Probes[k].Field, c.Probes[k].Value))
			}
		}
		if a.Label != "" {
			all = append(all, a.Label)
		}
	}
	return all
}

// emission is a probe as it is stored. The name of a container is its own among containers and initContainers.
func emission(container, field string, value *corev1.Probe) string {
	// A probe always encodes.
	text, _ := json.Marshal(value)
	return container + " " + field + " " + string(text)
}

// adds reports whether an answer has any probe to add.
func (a *Answer) adds() bool {
	return slices.ContainsFunc(a.Containers, func(c Container) bool { return len(c.Probes) > 0 })
}

// Lines are one for each workload.
func (r *Report) Lines() []Line {
	lines := make([]Line, 0, len(r.Workloads))
	for i := range r.Workloads {
		lines = append(lines, r.Workloads[i].Line())
	}
	return lines
}

// WriteLines prints one line for each workload.
func (r *Report) WriteLines(to io.Writer) error {
	for _, line := range r.Lines() {
		if _, err := fmt.Fprintln(to, line); err != nil {
			return err
		}
	}
	return nil
}
