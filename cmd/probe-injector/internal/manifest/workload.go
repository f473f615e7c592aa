package manifest

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Workload is one object that is, or makes, Pods.
type Workload struct {
	APIVersion, Kind, Namespace, Name string
	// Document is where the object stands, and Place its place in it: items of Lists have one.
	Document *Document
	Place    shape.Place
	// Pod is the Pod as it reaches admission.
	Pod *workload.Pod
	// Bytes is how large the Pod is as JSON.
	Bytes int
	// Template is the place of the Pod's part in the object; empty when the object is a Pod.
	Template shape.Place
	// Misplaced are the places of keys of ours that are no annotations of the Pod, so that nothing reads them.
	Misplaced []shape.Place
	// Annotations are the places of the annotations of ours, on the Pod and on what makes it.
	Annotations []shape.Place
	// Refused says why the API server will not accept the object, as far as we look; empty when we see nothing.
	Refused string
}

// InPod is the path, in the object, of a member of the Pod or of its template.
func (w *Workload) InPod(members ...any) *field.Path { return w.Template.With(members...).Path() }

// Position is where a member of the object stands in its source.
func (w *Workload) Position(place shape.Place) finding.Position {
	return w.Document.Position(w.Place.With(place...))
}

// PositionInPod is where a member of the Pod, or of its template, stands in the source.
func (w *Workload) PositionInPod(members ...any) finding.Position {
	return w.Position(w.Template.With(members...))
}

// Ref names the object.
func (w *Workload) Ref() finding.Workload {
	return finding.Workload{APIVersion: w.APIVersion, Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}
}

// form reads objects of one kind.
type form struct {
	workload.Kind
	// place is where the Pod's part stands; empty when the object is a Pod.
	place shape.Place
	// several reports that the object has other templates, too.
	several bool
}

// read reads an object of this form.
func (f form) read(object *unstructured.Unstructured) (Workload, []wrongValue) {
	w := Workload{APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: nameOf(object)}
	if f.several {
		w.Name += " (" + f.place.Path().String() + ")"
	}
	pod, errs := f.pod(object)
	if len(errs) > 0 {
		return w, errs
	}
	if f.Ends && pod.Spec.RestartPolicy == "" {
		w.Refused = "a Job needs restartPolicy: Never or OnFailure in its template"
	}
	workload.SetDefaults(&pod.Spec)
	var err error
	if w.Pod, w.Bytes, err = view(pod); err != nil {
		return w, []wrongValue{{nil, err}}
	}
	if len(f.place) > 0 {
		w.Pod = f.Pod(w.Pod, strings.TrimSuffix(nameOf(object), "*"))
	}
	w.Template = f.place
	w.Misplaced = policy.Misplaced(object.Object, f.place)
	w.Annotations = f.annotations(object)
	return w, nil
}

// nameOf is the object's name, or the beginning of the one that the API server will make.
func nameOf(object *unstructured.Unstructured) string {
	if name := object.GetName(); name != "" || object.GetGenerateName() == "" {
		return name
	}
	return object.GetGenerateName() + "*"
}

// pod reads the Pod, or the template of one.
func (f form) pod(object *unstructured.Unstructured) (*corev1.Pod, []wrongValue) {
	pod := &corev1.Pod{}
	if len(f.place) == 0 {
		return pod, decode(object.Object, nil, pod)
	}
	members, _ := f.place.In(object.Object)
	template, isMap := members.(map[string]any)
	if !isMap {
		return nil, []wrongValue{{f.place, fmt.Errorf("%s: a Pod template is required", f.place.Path())}}
	}
	var decoded corev1.PodTemplateSpec
	if errs := decode(template, f.place, &decoded); len(errs) > 0 {
		return nil, errs
	}
	pod.ObjectMeta, pod.Spec = decoded.ObjectMeta, decoded.Spec
	return pod, nil
}
