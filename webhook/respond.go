package webhook

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

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
	_, _ = w.Write(body) //nolint:gosec // JSON, and sent as such
}

// encode returns the body of the answer.
func (a answer) encode() []byte {
	if a.status != http.StatusOK {
		return a.encodeStatus()
	}
	// Written out, because encoding the same by reflection is a tenth of the work of a usual review.
	b := make([]byte, 0, 256+2*len(a.patch))
	b = append(b, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":`...)
	b = appendString(b, a.uid)
	b = append(b, `,"allowed":true`...)
	if a.patch != nil {
		b = append(b, `,"patch":"`...)
		b = base64.StdEncoding.AppendEncode(b, a.patch)
		b = append(b, `","patchType":"JSONPatch"`...)
	}
	if a.injected != "" || a.reasons != "" {
		b = append(b, `,"auditAnnotations":{`...)
		b = appendMember(b, auditInjected, a.injected)
		b = appendMember(b, auditReasons, a.reasons)
		b = append(b, '}')
	}
	for i, w := range a.warnings {
		if i == 0 {
			b = append(b, `,"warnings":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendString(b, w)
	}
	if len(a.warnings) > 0 {
		b = append(b, ']')
	}
	return append(b, "}}"...)
}

// appendMember appends a member of an object, after a comma if it is not the first, unless its value is empty.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = appendString(b, name)
	b = append(b, ':')
	return appendString(b, value)
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			encoded, err := json.Marshal(s)
			if err != nil {
				// Every string encodes; what is no UTF-8 is replaced.
				return append(b, `""`...)
			}
			return append(b, encoded...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
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
