package webhook

import (
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// result is what became of one review, the label of probe_injector_reviews_total. The package comment has the table.
type result string

const (
	resultInjected      result = "injected"
	resultNothing       result = "nothing"
	resultInvalid       result = "invalid"
	resultUnchanged     result = "unchanged"
	resultAudit         result = "audit"
	resultNotAPodCreate result = "not_a_pod_create"
	resultRejected      result = "rejected"
	resultOverloaded    result = "overloaded"
	resultError         result = "error"
)

// results returns all of them, so that every series exists from the start: a rate over a counter that appears with
// its first event misses that event.
func results() []result {
	return []result{
		resultInjected, resultNothing, resultInvalid, resultUnchanged, resultAudit, resultNotAPodCreate,
		resultRejected, resultOverloaded, resultError,
	}
}

// stage is where a review failed, the label of probe_injector_errors_total and probe_injector_rejected_requests_total.
type stage string

const (
	stageNone        stage = ""
	stagePath        stage = "path"
	stageMethod      stage = "method"
	stageContentType stage = "content_type"
	stageSize        stage = "size"
	stageRead        stage = "read"
	stageBudget      stage = "budget"
	stageSlot        stage = "slot"
	stageDecode      stage = "decode"
	stagePatch       stage = "patch"
	stageEncode      stage = "encode"
	stagePanic       stage = "panic"
)

// rejectionStages are those whose cause is the request.
func rejectionStages() []stage {
	return []stage{stagePath, stageMethod, stageContentType, stageSize, stageRead, stageDecode}
}

// failureStages are those whose cause is the server, or too much to do.
func failureStages() []stage {
	return []stage{stageBudget, stageSlot, stagePatch, stageEncode, stagePanic}
}

// resultOf names what a decision came to.
func resultOf(d *policy.Decision, p *patch.Patch) result {
	concerns := d.Asked || d.Rule != "" || len(d.Injections) > 0
	switch {
	case d.Mode == v1alpha1.ModeAudit && concerns:
		return resultAudit
	case len(p.Injections) > 0:
		return resultInjected
	case len(d.Errors) > 0:
		return resultInvalid
	case concerns:
		return resultNothing
	default:
		return resultUnchanged
	}
}
