package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	kjson "sigs.k8s.io/json"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// review is the part of admission.k8s.io/v1 AdmissionReview that we look at. The object decodes straight into the
// policy's view of a Pod; what the view leaves out (environment variables, volumes, fields that are newer than this
// build) is pruned before and costs no memory.
type review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Request    *request `json:"request"`
}

// request is the part of AdmissionRequest that we look at.
type request struct {
	UID         string                `json:"uid"`
	Resource    resource              `json:"resource"`
	SubResource string                `json:"subResource"`
	Operation   admissionv1.Operation `json:"operation"`
	Namespace   string                `json:"namespace"`
	Name        string                `json:"name"`
	DryRun      bool                  `json:"dryRun"`
	Object      *workload.Pod         `json:"object"`
}

// resource is metav1.GroupVersionResource.
type resource struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Resource string `json:"resource"`
}

// createsPod says whether the request is the one that the webhook configuration asks for. With matchPolicy Equivalent
// the API server converts to the version of the rule, so that no other version of Pods can arrive.
func (r *request) createsPod() bool {
	return r.Operation == admissionv1.Create && r.Resource == resource{Version: "v1", Resource: "pods"} && r.SubResource == ""
}

// maxDecodeMessage bounds what of a decoder's message is sent back, in bytes: it may quote the body.
const maxDecodeMessage = 200

// decode reads a review out of a pruned body. It accepts less than JSON allows where the API server's patch library
// could read the same bytes differently, because a patch that does not apply refuses the Pod: names are case-sensitive,
// and a member that appears twice is an error. The answer to anything other than CREATE of a Pod is always "unchanged",
// so that there an object that does not fit our view of a Pod is fine.
func decode(pruned []byte, ambiguous bool) (*request, error) {
	var v review
	// The syntax is right, or pruning had failed. Any other error leaves the rest of the view filled in.
	strict, err := unmarshal(pruned, ambiguous, &v)
	if v.APIVersion != admissionv1.SchemeGroupVersion.String() || v.Kind != "AdmissionReview" {
		return nil, errors.New("the body is not an AdmissionReview of admission.k8s.io/v1")
	}
	if v.Request == nil || v.Request.UID == "" {
		return nil, errors.New("the AdmissionReview holds no request with a uid")
	}
	if len(strict) > 0 {
		return nil, fmt.Errorf("the AdmissionReview is ambiguous: %s", shorten(strict[0].Error(), maxDecodeMessage))
	}
	if !v.Request.createsPod() {
		return v.Request, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the AdmissionReview does not hold a Pod: %s", shorten(typeErrorMessage(err), maxDecodeMessage))
	}
	if v.Request.Object == nil {
		return nil, errors.New("the AdmissionReview holds no object")
	}
	return v.Request, nil
}

// unmarshal has the decoder look for members that appear twice only where there may be any: that costs it a third.
func unmarshal(pruned []byte, ambiguous bool, into any) (strict []error, err error) {
	if !ambiguous {
		return nil, kjson.UnmarshalCaseSensitivePreserveInts(pruned, into)
	}
	return kjson.UnmarshalStrict(pruned, into, kjson.DisallowDuplicateFields)
}

// typeErrorMessage names the member whose type is wrong, without its value.
func typeErrorMessage(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%s cannot be a %s", wrong.Field, wrong.Type)
	}
	return "a member has a value that it cannot have"
}

// shorten cuts s to at most n bytes and drops what is no valid UTF-8.
func shorten(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return string(bytes.ToValidUTF8([]byte(s), nil))
}
