package webhook

import (
	"bytes"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// preflightRequest is the part of AdmissionRequest that is read of a workload.
type preflightRequest struct {
	header
	Kind     kind           `json:"kind"`
	UserInfo userInfo       `json:"userInfo"`
	Options  requestOptions `json:"options"`
	// Object is as it becomes, OldObject as it was; of that one only metadata is decoded.
	Object    *workloadObject[podTemplate] `json:"object"`
	OldObject *workloadObject[oldTemplate] `json:"oldObject"`
}

// kind is metav1.GroupVersionKind.
type kind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// userInfo is the part of authentication/v1 UserInfo that is read.
type userInfo struct {
	Username string `json:"username"`
}

// requestOptions is the part of metav1.CreateOptions and UpdateOptions that is read.
type requestOptions struct {
	FieldManager string `json:"fieldManager"`
}

// workloadObject is a workload of any kind: its metadata, and a Pod template of the type in one of the places of package
// workload.
type workloadObject[T any] struct {
	Metadata *workload.ObjectMeta `json:"metadata"`
	Spec     struct {
		Template    *T              `json:"template"`
		JobTemplate *jobTemplate[T] `json:"jobTemplate"`
	} `json:"spec"`
	// Template is that of a PodTemplate.
	Template *T `json:"template"`
}

type jobTemplate[T any] struct {
	Metadata *workload.ObjectMeta `json:"metadata"`
	Spec     struct {
		Template *T `json:"template"`
	} `json:"spec"`
}

// podTemplate is a Pod template, and its text in the review.
type podTemplate struct {
	workload.Pod
	text []byte
}

// oldTemplate is one of which only the metadata counts, beside its text.
type oldTemplate struct {
	Metadata *workload.ObjectMeta `json:"metadata"`
	text     []byte
}

// decodePreflight reads the review of a workload. Nothing is patched, so that a member may be there twice. An object that
// does not fit is that of a kind which only looks like a workload: nothing is wrong with it, and nothing is said.
func (d *decoder) decodePreflight(body []byte) (*preflightRequest, error) {
	if !d.reserve(body, 0) {
		return nil, errAccount
	}
	var v review[preflightRequest]
	d.text = body
	err := json.Unmarshal(body, &v, d.unchecked)
	d.text = nil
	if d.refused {
		return nil, errAccount
	}
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return nil, notJSON(wrong)
	}
	if err != nil {
		if !d.hold(stringBytes(body)) {
			return nil, errAccount
		}
		return salvagePreflight(body)
	}
	if v.Request == nil {
		v.Request = &preflightRequest{}
	}
	if err := v.check(v.Request.header); err != nil {
		return nil, err
	}
	return v.Request, nil
}

// salvagePreflight reads a review without its objects, where decoding all of it ended with an error.
func salvagePreflight(body []byte) (*preflightRequest, error) {
	v := review[header]{Request: &header{}}
	if err := json.Unmarshal(body, &v, lenient); err != nil {
		return nil, errors.New("the AdmissionReview holds no request that can be read: " + typeMessage(err))
	}
	if v.Request == nil {
		v.Request = &header{}
	}
	if err := v.check(*v.Request); err != nil {
		return nil, err
	}
	return &preflightRequest{header: *v.Request}, nil
}

// template decodes a Pod template and keeps its text, by which it is compared with the one before.
func (d *decoder) template(from *jsontext.Decoder, into *podTemplate) error {
	begin := from.InputOffset()
	if err := json.UnmarshalDecode(from, &into.Pod); err != nil {
		return err
	}
	into.text = d.textBetween(begin, from.InputOffset())
	return nil
}

// oldTemplate does the same for the template before.
func (d *decoder) oldTemplate(from *jsontext.Decoder, into *oldTemplate) error {
	begin := from.InputOffset()
	type members struct {
		Metadata *workload.ObjectMeta `json:"metadata"`
	}
	var read members
	if err := json.UnmarshalDecode(from, &read); err != nil {
		return err
	}
	into.Metadata, into.text = read.Metadata, d.textBetween(begin, from.InputOffset())
	return nil
}

// textBetween is a value in the body, given where what is before it ends.
func (d *decoder) textBetween(begin, end int64) []byte {
	return bytes.TrimLeft(d.text[begin:end], ": \t\r\n")
}

// change is what package preflight judges; ok is false where there is no Pod template or nothing is written.
func (r *preflightRequest) change() (c *preflight.Change, ok bool) {
	if !r.isPreflightOperation() || r.Object == nil {
		return nil, false
	}
	form := workload.FormOf(schema.GroupVersionKind(r.Kind))
	template, jobs := r.Object.template(len(form.Template))
	if template == nil {
		return nil, false
	}
	c = &preflight.Change{
		Kind: r.Kind.Kind, Form: form, TemplateBytes: len(template.text), ByPerson: r.byPerson(),
		Object: &preflight.Object{Metadata: r.Object.Metadata, JobMetadata: jobs, Template: &template.Pod},
	}
	if r.Operation == admissionv1.Update && r.OldObject != nil {
		c.Old = &preflight.Object{Metadata: r.OldObject.Metadata}
		before, jobs := r.OldObject.template(len(form.Template))
		c.Old.JobMetadata = jobs
		c.TemplateChanged = before == nil || !bytes.Equal(before.text, template.text)
		if before != nil {
			c.Old.Template = &workload.Pod{Metadata: before.Metadata}
		}
	}
	return c, true
}

// The lengths of the paths at which a template can be, which tell the places apart.
const (
	atTop      = 1
	inSpec     = 2
	inJobsSpec = 4
)

// template is the Pod template of a workload, and the metadata of a CronJob's Jobs.
func (o *workloadObject[T]) template(depth int) (*T, *workload.ObjectMeta) {
	switch {
	case depth == atTop:
		return o.Template, nil
	case depth == inSpec:
		return o.Spec.Template, nil
	case depth == inJobsSpec && o.Spec.JobTemplate != nil:
		return o.Spec.JobTemplate.Spec.Template, o.Spec.JobTemplate.Metadata
	}
	return nil, nil
}

// byPerson reports whether a person tries something with kubectl --dry-run=server or kubectl diff. The webhook
// configuration asks the same. GitOps controllers dry-run all day, as ServiceAccounts or under names of their own.
func (r *preflightRequest) byPerson() bool {
	return r.DryRun && strings.HasPrefix(r.Options.FieldManager, "kubectl") && !strings.HasPrefix(r.UserInfo.Username, "system:serviceaccount:")
}

// name is the object's name, or the beginning of the one that the API server will make.
func (r *preflightRequest) name() string {
	switch {
	case r.Name != "":
		return r.Name
	case r.Object == nil || r.Object.Metadata == nil:
		return ""
	case r.Object.Metadata.Name != "":
		return r.Object.Metadata.Name
	}
	return r.Object.Metadata.GenerateName
}
