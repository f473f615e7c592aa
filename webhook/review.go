package webhook

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// review is the part of admission.k8s.io/v1 AdmissionReview that is read, with a request or only the header of one.
type review[R any] struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    *R     `json:"request"`
}

// request is the part of AdmissionRequest that is read. The object decodes straight into the policy's view of a Pod;
// what the view leaves out (most environment variables, volumes, fields that are newer than this build) is skipped and
// costs no memory.
type request struct {
	header
	Object *workload.Pod `json:"object"`
}

// header is a request without its object.
type header struct {
	UID         string                `json:"uid"`
	Resource    resource              `json:"resource"`
	SubResource string                `json:"subResource"`
	Operation   admissionv1.Operation `json:"operation"`
	Namespace   string                `json:"namespace"`
	Name        string                `json:"name"`
	DryRun      bool                  `json:"dryRun"`
}

// resource is metav1.GroupVersionResource.
type resource struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Resource string `json:"resource"`
}

// createsPod reports whether the request is the one that the webhook configuration asks for. With matchPolicy
// Equivalent the API server converts to the version of the rule, so that no other version of Pods can arrive.
func (h *header) createsPod() bool {
	return h.Operation == admissionv1.Create && h.Resource == resource{Version: "v1", Resource: "pods"} && h.SubResource == ""
}

// lenient accepts the JSON that the API server's own decoder accepts.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// decode reads a review. It accepts less than JSON allows where the API server's patch library could read the same
// bytes differently, because a patch that does not apply refuses the Pod: names are case-sensitive, and a member that is
// read must not be there twice. The answer to anything other than CREATE of a Pod is always "unchanged", so that there
// an object that does not fit the view of a Pod is fine.
func (d *decoder) decode(body []byte) (*request, error) {
	var v review[request]
	if err := d.unmarshal(body, &v); d.refused {
		return nil, errAccount
	} else if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return nil, notJSON(wrong)
	} else if err != nil {
		if !d.hold(stringBytes(body)) {
			return nil, errAccount
		}
		return salvage(body, err)
	}
	if v.Request == nil {
		v.Request = &request{}
	}
	if err := v.check(v.Request.header); err != nil {
		return nil, err
	}
	if v.Request.createsPod() && v.Request.Object == nil {
		return nil, errors.New("the AdmissionReview holds no object")
	}
	return v.Request, nil
}

// check reports what is missing in something that should be a review.
func (r *review[R]) check(h header) error {
	if r.APIVersion != admissionv1.SchemeGroupVersion.String() || r.Kind != "AdmissionReview" {
		return errors.New("the body is not an AdmissionReview of admission.k8s.io/v1")
	}
	if h.UID == "" {
		return errors.New("the AdmissionReview holds no request with a uid")
	}
	return nil
}

// salvage reads a review without its object, where decoding all of it ended with an error, and says what that means.
func salvage(body []byte, cause error) (*request, error) {
	v := review[header]{Request: &header{}}
	err := json.Unmarshal(body, &v, lenient)
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return nil, notJSON(wrong)
	}
	if v.Request == nil {
		v.Request = &header{}
	}
	if err := v.check(*v.Request); err != nil {
		return nil, err
	}
	if repeated, ok := errors.AsType[*repeatedError](cause); ok {
		return nil, fmt.Errorf("the AdmissionReview is ambiguous: %s", text.TruncateBytes(repeated.Error(), maxDecodeMessage))
	}
	if err == nil && !v.Request.createsPod() {
		return &request{header: *v.Request}, nil
	}
	return nil, fmt.Errorf("the AdmissionReview does not hold a Pod: %s", text.TruncateBytes(typeMessage(cause), maxDecodeMessage))
}

func notJSON(wrong *jsontext.SyntacticError) error {
	return fmt.Errorf("the body is not JSON, from byte %d on", wrong.ByteOffset)
}

// maxDecodeMessage bounds what of a decoder's message is sent back, in bytes: it may quote names of the body.
const maxDecodeMessage = 200

// typeMessage names the member whose type is wrong, without its value.
func typeMessage(err error) string {
	wrong, ok := errors.AsType[*json.SemanticError](err)
	if !ok || wrong.GoType == nil {
		return "a member has a value that it cannot have"
	}
	return fmt.Sprintf("%s cannot be a %s", memberOf(wrong.JSONPointer), wrong.GoType)
}

// memberOf spells the place of a member without the indices of lists and the keys of maps, which are the Pod's.
func memberOf(at jsontext.Pointer) string {
	var names []string
	for token := range at.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			continue
		}
		names = append(names, token)
		if token == "annotations" || token == "labels" || token == "nodeSelector" {
			break
		}
	}
	return strings.Join(names, ".")
}
