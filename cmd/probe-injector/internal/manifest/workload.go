package manifest

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Workload is one object that is, or makes, Pods.
type Workload struct {
	APIVersion, Kind, Namespace, Name string
	// Source is the file.
	Source string
	// Pod is the Pod as it reaches admission.
	Pod *workload.Pod
	// Bytes is how large the Pod is as JSON.
	Bytes int
	// Template is the path of the Pod's part in the object; nil when the object is a Pod.
	Template *field.Path
	// Misplaced are the paths of annotations of ours outside of the Pod's part, where nothing reads them.
	Misplaced []string
	// Refused says why the API server will not accept the object, as far as we look; empty when we see nothing.
	Refused string
}

// form reads objects of one kind.
type form struct{ workload.Kind }

// read reads an object of this form.
func (f form) read(object *unstructured.Unstructured) (Workload, error) {
	w := Workload{
		APIVersion: object.GetAPIVersion(), Kind: object.GetKind(),
		Namespace: object.GetNamespace(), Name: object.GetName(),
	}
	pod, err := f.pod(object)
	if err != nil {
		return w, err
	}
	if f.Ends && pod.Spec.RestartPolicy == "" {
		w.Refused = "a Job needs restartPolicy: Never or OnFailure in its template"
	}
	workload.SetDefaults(&pod.Spec)
	if w.Pod, w.Bytes, err = view(pod); err != nil {
		return w, err
	}
	if len(f.Template) > 0 {
		w.Template = field.NewPath(f.Template[0], f.Template[1:]...)
		w.Misplaced = f.misplaced(object)
	}
	return w, nil
}

// pod makes the Pod as its controller would. Labels that only the running controller knows, such as
// pod-template-hash, are left out.
func (f form) pod(object *unstructured.Unstructured) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	if len(f.Template) == 0 {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, pod); err != nil {
			return nil, fmt.Errorf("not a Pod: %w", whatIsWrong(object.Object, err))
		}
		return pod, nil
	}
	path := field.NewPath(f.Template[0], f.Template[1:]...)
	members, found, err := unstructured.NestedMap(object.Object, f.Template...)
	if err != nil || !found {
		return nil, fmt.Errorf("%s: a Pod template is required", path)
	}
	var template corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(members, &template); err != nil {
		return nil, fmt.Errorf("%s: not a Pod template: %w", path, whatIsWrong(members, err))
	}
	pod.ObjectMeta, pod.Spec = template.ObjectMeta, template.Spec
	pod.Name, pod.GenerateName = "", object.GetName()+"-"
	pod.OwnerReferences = ownedBy(f.OwnerAPIVersion, f.OwnerKind, object.GetName())
	return pod, nil
}

// whatIsWrong names the usual mistake where it can: true and 6 without quotes are no strings.
func whatIsWrong(members map[string]any, err error) error {
	annotations, _, _ := unstructured.NestedMap(members, "metadata", "annotations")
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if _, isString := annotations[key].(string); !isString && annotations[key] != nil {
			return fmt.Errorf(`annotations are strings: write %s: "%v", with the quotes`, key, annotations[key])
		}
	}
	return err
}

// misplaced finds annotations of ours on the metadata of the object, and of the objects between it and the Pod.
func (f form) misplaced(object *unstructured.Unstructured) []string {
	var paths []string
	// Objects and their specs alternate on the way to the template, and objects have metadata.
	for depth := 0; depth < len(f.Template); depth += 2 {
		above := f.Template[:depth]
		annotations, _, _ := unstructured.NestedStringMap(object.Object, append(slices.Clone(above), "metadata", "annotations")...)
		metadata := field.NewPath("metadata", "annotations")
		if depth > 0 {
			metadata = field.NewPath(above[0], append(slices.Clone(above[1:]), "metadata", "annotations")...)
		}
		for _, key := range slices.Sorted(maps.Keys(annotations)) {
			if annotation.Asks(key) {
				paths = append(paths, metadata.Key(key).String())
			}
		}
	}
	return paths
}
