package webhook

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// answer is what goes back for one request: with status 200 an AdmissionReview, else a metav1.Status.
type answer struct {
	route  route
	result result
	stage  stage
	status int
	// message is the sentence of an answer other than 200, without its beginning.
	message string

	// The rest belongs to 200.
	uid      string
	patch    []byte
	warnings []string
	injected string
	reasons  string
	// denied refuses a workload; nil allows it.
	denied *metav1.Status
}

// allow is the answer to the review of a Pod; there is no other one, see the package comment.
func allow(req *request, r result) answer {
	return answer{status: http.StatusOK, result: r, uid: req.UID}
}

// refuse is the answer to a request that could not be reviewed. The Pod is not refused by it: its failurePolicy
// decides.
func refuse(status int, at stage, message string) answer {
	a := answer{status: status, stage: at, message: message}
	switch {
	case status == http.StatusServiceUnavailable:
		// Without Retry-After, which the API server would obey up to ten times within the same call, each time on a
		// new TLS connection: that costs far more than serving.
		a.result = resultOverloaded
	case status >= http.StatusInternalServerError:
		a.result = resultError
	default:
		a.result = resultRejected
	}
	return a
}

// write sends the answer, which was encoded. Nobody is left to tell when that fails.
func (a *answer) write(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	// Without the length, answers of more than 2 KiB would be sent in chunks.
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) //nolint:gosec // JSON, and sent as such
}

// encode returns the body of the answer.
func (a answer) encode() []byte {
	if a.status != http.StatusOK {
		return a.encodeStatus()
	}
	body, err := json.Marshal(admissionReview{
		Kind: "AdmissionReview", APIVersion: admissionv1.SchemeGroupVersion.String(),
		Response: response{
			UID: a.uid, Allowed: a.denied == nil, Status: a.denied, Patch: a.patch, PatchType: patchType(a.patch),
			AuditAnnotations: auditAnnotations{a.injected, a.reasons}, Warnings: a.warnings,
		},
	}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		// Every string encodes; what is no UTF-8 is replaced.
		return nil
	}
	return body
}

// admissionReview is the part of admission.k8s.io/v1 AdmissionReview that is answered.
type admissionReview struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Response   response `json:"response"`
}

// response is the part of AdmissionResponse that is answered.
type response struct {
	UID              string                `json:"uid"`
	Allowed          bool                  `json:"allowed"`
	Status           *metav1.Status        `json:"status,omitempty"`
	Patch            []byte                `json:"patch,omitempty"`
	PatchType        admissionv1.PatchType `json:"patchType,omitempty"`
	AuditAnnotations auditAnnotations      `json:"auditAnnotations,omitzero"`
	Warnings         []string              `json:"warnings,omitempty"`
}

// auditAnnotations are the audit annotations, to whose keys the API server adds the name of the webhook.
type auditAnnotations struct {
	Injected string `json:"injected,omitempty"`
	Reasons  string `json:"reasons,omitempty"`
}

// patchType comes with a patch and only with one, or the call has failed for the API server.
func patchType(patch []byte) admissionv1.PatchType {
	if patch == nil {
		return ""
	}
	return admissionv1.PatchTypeJSONPatch
}

func (a answer) encodeStatus() []byte {
	body, err := json.Marshal(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Message:  "probe-injector: " + a.message,
		Reason:   reasonFor(a.status),
		Code:     int32(a.status), //nolint:gosec // an HTTP status
	})
	if err != nil {
		return nil
	}
	return body
}

// reasonFor is the API machinery's word for an HTTP status.
func reasonFor(status int) metav1.StatusReason {
	switch status {
	case http.StatusBadRequest:
		return metav1.StatusReasonBadRequest
	case http.StatusNotFound:
		return metav1.StatusReasonNotFound
	case http.StatusMethodNotAllowed:
		return metav1.StatusReasonMethodNotAllowed
	case http.StatusRequestEntityTooLarge:
		return metav1.StatusReasonRequestEntityTooLarge
	case http.StatusUnsupportedMediaType:
		return metav1.StatusReasonUnsupportedMediaType
	case http.StatusServiceUnavailable:
		return metav1.StatusReasonServiceUnavailable
	default:
		return metav1.StatusReasonInternalError
	}
}
