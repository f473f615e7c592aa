package webhook

import (
	"net/http"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/policy/text"
)

// PathPreflight gets the workloads that people apply, to be told what is wrong with them. Nothing is changed there.
const PathPreflight = "/preflight"

const routePreflight routeLabel = "preflight"

// The results of a preflight, beside those of every request. The package comment has the table.
const (
	resultSilent       result = "silent"
	resultWarned       result = "warned"
	resultPlanned      result = "planned"
	resultDenied       result = "denied"
	resultNotAWorkload result = "not_a_workload"
)

// preflightResults returns all of them.
func preflightResults() []result {
	return []result{
		resultSilent, resultWarned, resultPlanned, resultDenied, resultNotAWorkload,
		resultRejected, resultOverloaded, resultError,
	}
}

// preflight answers the review of a workload.
func (h *Handler) preflight(b *body) answer {
	req, refusal, ok := decodeWith(h, b, (*decoder).decodePreflight)
	if !ok {
		return refusal
	}
	change, ok := req.change()
	if !ok {
		return answer{status: http.StatusOK, result: resultNotAWorkload, uid: req.UID}
	}
	// What people wrote is decided about and looked through.
	const passes = 2
	if refusal, ok := b.afford(passes * decideCost(change.Object.Template)); !ok {
		return refusal
	}
	options := h.preflightOptions
	v, err := preflight.Judge(h.policy(), change, options)
	if err != nil {
		h.log.unencodable(route{label: routePreflight}, err)
		return refuse(http.StatusInternalServerError, stageEncode, "this is a bug in probe-injector; its log has the details")
	}
	a := answer{status: http.StatusOK, result: resultOfPreflight(&v), uid: req.UID, warnings: v.Warnings, denied: denial(req, v.Refusals)}
	h.log.preflight(b.client, req, len(v.Refusals), a.result)
	return a
}

// resultOfPreflight names what a verdict came to.
func resultOfPreflight(v *preflight.Verdict) result {
	switch {
	case len(v.Refusals) > 0:
		return resultDenied
	case v.Mistakes:
		return resultWarned
	case len(v.Warnings) > 0:
		return resultPlanned
	default:
		return resultSilent
	}
}

// maxDeniedMessage bounds the causes in the message, in characters. kubectl makes a list of the causes themselves, and all
// other clients show only the message.
const maxDeniedMessage = 1024

// denial is the status of an answer that refuses a workload, as the API server's own validation would; nil without a
// reason to.
func denial(req *preflightRequest, refusals []preflight.Refusal) *metav1.Status {
	if len(refusals) == 0 {
		return nil
	}
	status := &metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
		Details: &metav1.StatusDetails{Name: clean(req.name()), Group: clean(req.Kind.Group), Kind: clean(req.Kind.Kind)},
	}
	var said []string
	for _, r := range refusals {
		status.Details.Causes = append(status.Details.Causes, metav1.StatusCause{
			Type: metav1.CauseTypeFieldValueInvalid, Field: r.Field, Message: r.Message,
		})
		said = append(said, r.Field+": "+r.Message)
	}
	status.Message = text.Truncate(strings.Join(said, "; "), maxDeniedMessage, "...")
	return status
}

// clean makes what a request says of itself fit to be sent back.
func clean(s string) string { return text.Printable(clip(s)) }

// isPreflightOperation reports whether a request creates or updates an object itself.
func (h *header) isPreflightOperation() bool {
	operations := []admissionv1.Operation{admissionv1.Create, admissionv1.Update}
	return h.SubResource == "" && slices.Contains(operations, h.Operation)
}
