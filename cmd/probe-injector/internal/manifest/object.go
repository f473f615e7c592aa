package manifest

import (
	"errors"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ReadObject reads one object as Read does those of files: it is one workload, or several where it has several Pod templates. The
// name says where it is from, for people.
func ReadObject(object *unstructured.Unstructured, name string) ([]Workload, error) {
	r := reading{in: &Input{Namespaces: map[string]map[string]string{}}, namespace: object.GetNamespace()}
	errs := r.add(&Document{Source: &Source{Name: name}}, placed{Unstructured: object})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(r.in.Workloads) == 0 {
		return nil, errors.New(name + " makes no Pods")
	}
	return r.in.Workloads, nil
}

// NextPod is the Pod that the controller of an object would make next, as it is sent to the API server; nil where the workload is a
// Pod itself. The object is the one that the workload was read from.
func (w *Workload) NextPod(object *unstructured.Unstructured) *unstructured.Unstructured {
	members, _ := w.Template.In(object.Object)
	template, isMap := members.(map[string]any)
	if !isMap || len(w.Template) == 0 {
		return nil
	}
	from := &unstructured.Unstructured{Object: template}
	pod := &unstructured.Unstructured{Object: map[string]any{"spec": from.DeepCopy().Object["spec"]}}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	pod.SetNamespace(w.Namespace)
	pod.SetGenerateName(w.Pod.Metadata.GenerateName)
	pod.SetAnnotations(maps.Clone(from.GetAnnotations()))
	pod.SetLabels(maps.Clone(w.Pod.Metadata.Labels))
	if owner := w.Pod.Controller(); owner != nil {
		references := ownedBy(owner.APIVersion, owner.Kind, owner.Name)
		// The uid of an object that is yet to be made is anybody's guess; the API server only asks that there is one.
		references[0].UID = object.GetUID()
		pod.SetOwnerReferences(references)
	}
	return pod
}
