package reason

import "slices"

// The reasons why a running Pod has no status: nobody has decided about it, so that they stand nowhere but in the answers of
// programs that look at a cluster.
const (
	BeforeWebhook    Reason = "before_webhook"
	BeforeAnnotation Reason = "before_annotation"
	Misplaced        Reason = "misplaced"
	Missed           Reason = "missed"
	NotSelected      Reason = "not_selected"
)

// unanswered describes them.
var unanswered = [...]Description{
	{Reason: BeforeWebhook, Fact: "made before the webhook was installed", Remedy: "replace the Pod"},
	{Reason: BeforeAnnotation, Fact: "made before the annotations were there", Remedy: "replace the Pod"},
	{Reason: Misplaced, Fact: "nothing reads %s", Remedy: "move it to the Pod template's annotations"},
	{Reason: Missed, Fact: "it asks, and no webhook answered when it was made", Remedy: "replace the Pod"},
	{Reason: NotSelected, Fact: "%s"},
}

// Unanswered returns the descriptions of the reasons for Pods without a status.
func Unanswered() []Description { return slices.Clone(unanswered[:]) }
