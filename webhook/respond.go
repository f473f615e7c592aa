package webhook

import (
	"encoding/json"
	"net/http"
	"strconv"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// answer is what goes back for one request: with status 200 an AdmissionReview, else a metav1.Status.
type answer struct {
	door   door
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
}

// allow is the answer to a review; there is no other one, see the package comment.
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

// write sends the answer. Nobody is left to tell when that fails.
func (a answer) write(w http.ResponseWriter) {
	body := a.encode()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	// Without the length, answers of more than 2 KiB would be sent in chunks.
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

// encode returns the body of the answer.
func (a answer) encode() []byte {
	if a.status != http.StatusOK {
		return a.encodeStatus()
	}
	response := admissionv1.AdmissionResponse{
		UID:      types.UID(a.uid),
		Allowed:  true,
		Warnings: a.warnings,
	}
	if a.patch != nil {
		patchType := admissionv1.PatchTypeJSONPatch
		response.Patch, response.PatchType = a.patch, &patchType
	}
	for key, value := range map[string]string{auditInjected: a.injected, auditReasons: a.reasons} {
		if value != "" {
			if response.AuditAnnotations == nil {
				response.AuditAnnotations = map[string]string{}
			}
			response.AuditAnnotations[key] = value
		}
	}
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: &response,
	}
	body, err := json.Marshal(review)
	if err != nil {
		// Strings, bytes and maps of strings always encode.
		return nil
	}
	return body
}

func (a answer) encodeStatus() []byte {
	body, err := json.Marshal(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Message:  "probe-injector: " + a.message,
		Reason:   reasonFor(a.status),
		Code:     int32(a.status),
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
