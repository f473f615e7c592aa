package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/text"
)

// warn puts into words what the person who made the Pod should know, the mistakes first.
func (d *Decision) warn(labels map[string]string) []string {
	w := &warner{}
	for _, err := range d.Errors {
		w.add(mistakeSentence(err))
	}
	warnLabels(w, labels)
	d.warnSkips(w)
	d.warnUnusedKeys(w)
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Severity != lint.Info && !f.Absent {
			w.add(f.sentence())
		}
	}
	return w.said()
}

// sentence is a finding with its container first, and the rule to look up last.
func (f *Finding) sentence() string {
	said := f.Container + ": "
	if f.Kind != "" {
		said += string(f.Kind) + ": "
	}
	said += f.Message
	if f.Rule != "" {
		said += " (" + string(f.Rule) + ")"
	}
	return said
}

// podWarning is the warning about a Pod that is left alone as a whole.
func podWarning(why reason.Reason) []string {
	w := &warner{}
	w.add(sentence("pod", "", Skip{Reason: why}))
	return w.said()
}

// warnSkips tells each reason of a container once, with the probes that it concerns.
func (d *Decision) warnSkips(w *warner) {
	for i, s := range d.Skips {
		if isSilent(s.Reason) || (s.Reason == reason.InvalidAnnotation && len(d.Errors) > 0) {
			continue
		}
		same := func(other Skip) bool {
			return other.Container == s.Container && other.Reason == s.Reason && other.Detail == s.Detail
		}
		if slices.ContainsFunc(d.Skips[:i], same) {
			continue
		}
		var kinds []string
		for _, other := range d.Skips[i:] {
			if same(other) && other.Kind != "" {
				kinds = append(kinds, string(other.Kind))
			}
		}
		w.add(sentence(s.Container, strings.Join(kinds, "+"), s))
	}
}

// sentence is the sentence of a reason: the container first, the fact, then what to write.
func sentence(container, kinds string, s Skip) string {
	description, _ := reason.Describe(s.Reason)
	subject := "no probes"
	if kinds != "" {
		subject = "no " + kinds
	}
	if container == "" {
		container = "pod"
	}
	said := container + ": " + subject + ": " + description.FactAbout(s.Detail)
	if description.Remedy != "" {
		said += remedyFollows + description.RemedyFor(s.Detail)
	}
	return said
}

// remedyFollows stands between a fact and what to write.
const remedyFollows = "; "

// mistakeSentence says a field error in the form of a warning: the key, the value, what would be right. What would be right
// comes whole.
func mistakeSentence(err *field.Error) string {
	key := strings.TrimSuffix(strings.TrimPrefix(err.Field, "metadata.annotations["), "]")
	room := MaxWarningLength - utf8.RuneCountInString(err.Detail) - len(": ")
	value, ok := err.BadValue.(string)
	if !ok || value == "" || err.Origin == annotation.UnknownKey {
		return text.Truncate(key, max(room, shortestKey), "...") + ": " + err.Detail
	}
	quoted := strconv.Quote(text.Truncate(value, max(shortestValue, room-len(key)-len(`: ""`)), "..."))
	return text.Truncate(key, max(room-len(quoted)-len(": "), shortestKey), "...") + ": " + quoted + ": " + err.Detail
}

// What is left of a key and of a value at least.
const (
	shortestKey   = 20
	shortestValue = 8
)

// warner collects warnings within the limits.
type warner struct {
	texts []string
}

// add keeps a sentence within its length: what is cut is the fact, and what to write comes whole. Everything in it is ASCII
// by the grammar; what is not, such as a container name that the API server will refuse, is replaced, because a control
// character would make the API server drop the warning.
func (w *warner) add(sentence string) {
	sentence = text.ASCII(sentence)
	fact, remedy, found := cutLast(sentence, remedyFollows)
	if room := MaxWarningLength - len(remedyFollows) - len(remedy); found && len(sentence) > MaxWarningLength && room >= shortestFact {
		sentence = text.Truncate(fact, room, "...") + remedyFollows + remedy
	}
	w.texts = append(w.texts, text.Truncate(sentence, MaxWarningLength, "..."))
}

// shortestFact is what is left of a fact at least.
const shortestFact = 24

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// said gives the first warnings, the last of which says when there are more.
func (w *warner) said() []string {
	if len(w.texts) <= MaxWarnings {
		return w.texts
	}
	more := fmt.Sprintf("and %d more: probe-injector explain shows all", len(w.texts)-MaxWarnings+1)
	return append(w.texts[:MaxWarnings-1:MaxWarnings-1], more)
}
