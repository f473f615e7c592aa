package policy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// AuditWouldAdd begins what is said of probes that are decided and not added.
const AuditWouldAdd = "audit: would add "

// warn puts into words what the person who made the Pod should know, the mistakes first.
func (d *Decision) warn(labels map[string]string) []string {
	w := &warner{}
	if plan := statusline.WithoutVersion(d.Status); d.Mode == v1alpha1.ModeAudit && len(d.Injections) > 0 && plan != "" {
		w.texts = append(w.texts, shown(AuditWouldAdd+plan, MaxWarningLength))
	}
	d.notices(labels, func(n Notice) {
		if n.warns() {
			w.add(n.sentence())
		}
	})
	return w.said()
}

// podWarning is the warning about a Pod that is left alone as a whole.
func podWarning(why refusal) []string {
	w := &warner{}
	n := skipNotice(why.skip("", ""), nil)
	w.add(n.sentence())
	return w.said()
}

// remedyFollows stands between a fact and what to write.
const remedyFollows = "; "

// mistakeSentence says a field error in the form of a warning: the key, the value, what would be right. What would be right
// comes whole.
func mistakeSentence(err *field.Error, length int) string {
	key, _ := KeyOf(err)
	room := length - utf8.RuneCountInString(err.Detail) - len(": ")
	value, ok := err.BadValue.(string)
	if !ok || value == "" || err.Origin == annotation.UnknownKey {
		return text.Truncate(key, max(room, shortestKey), "...") + ": " + err.Detail
	}
	quoted := strconv.Quote(text.Truncate(value, max(shortestValue, room-len(key)-len(`: ""`)), "..."))
	return text.Truncate(key, max(room-len(quoted)-len(": "), shortestKey), "...") + ": " + quoted + ": " + err.Detail
}

// KeyOf is the annotation that an error of a Decision is about; ok is false for one about all of them, whose path is given.
func KeyOf(err *field.Error) (key string, ok bool) {
	rest, ok := strings.CutPrefix(err.Field, "metadata.annotations[")
	return strings.TrimSuffix(rest, "]"), ok
}

// IsUnknown reports whether an error is about a key that does not exist, or about a container that does not, whatever the
// value of the annotation.
func IsUnknown(err *field.Error) bool {
	return err.Origin == annotation.UnknownKey || err.Origin == unknownContainer
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
	w.texts = append(w.texts, shown(sentence, MaxWarningLength))
}

// shown keeps a sentence within a length, in ASCII.
func shown(sentence string, limit int) string {
	return text.Truncate(text.ASCII(sentence), limit, "...")
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
