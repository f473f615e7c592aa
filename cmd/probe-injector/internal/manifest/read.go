// Package manifest turns the files that people apply into the Pods that the API server will see.
//
// [Read] collects workloads and Namespaces from files, folders and streams, and makes of each workload the Pod that its
// controller would make.
package manifest

import (
	"errors"
	"fmt"
	"io"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Stdin is the file name that stands for the standard input.
const Stdin = "-"

// Files says what to read.
type Files struct {
	// Names are files, folders and Stdin.
	Names []string
	// Recursive reads folders below folders.
	Recursive bool
	// Stdin is what Stdin stands for.
	Stdin io.Reader
	// Namespace is that of objects which name none.
	Namespace string
}

// Input is what the files hold that matters.
type Input struct {
	// Workloads are in the order of the files.
	Workloads []Workload
	// Namespaces gives the labels of each Namespace object.
	Namespaces map[string]map[string]string
}

// Read reads all files. The Input holds what could be read also when there is an error.
func Read(files Files) (*Input, error) {
	in := &Input{Namespaces: map[string]map[string]string{}}
	sources, errs := files.read()
	for i := range sources {
		for _, d := range sources[i].documents() {
			objects, problems := d.objects()
			for _, object := range objects {
				problems = append(problems, in.add(object, sources[i].name, files.Namespace)...)
			}
			for _, err := range problems {
				errs = append(errs, fmt.Errorf("%s: %w", sources[i].name, err))
			}
		}
	}
	return in, errors.Join(errs...)
}

// add sorts one object.
func (in *Input) add(object *unstructured.Unstructured, source, namespace string) []error {
	if object.GetKind() == "Namespace" && object.GetAPIVersion() == "v1" {
		in.Namespaces[object.GetName()] = WithNameLabel(object.GetName(), object.GetLabels())
		return nil
	}
	var errs []error
	for _, f := range formsOf(object) {
		w, problems := f.read(object)
		if len(problems) > 0 {
			for _, err := range problems {
				errs = append(errs, fmt.Errorf("%s %s: %w", w.Kind, w.Name, err))
			}
			continue
		}
		w.Source = source
		if w.Namespace == "" {
			w.Namespace = namespace
		}
		in.Workloads = append(in.Workloads, w)
	}
	return errs
}

// formsOf are the ways to read an object: the one of its kind, or one for each Pod template in an object of another kind.
func formsOf(object *unstructured.Unstructured) []form {
	kind, known := workload.KindOf(object.GroupVersionKind().GroupKind())
	switch {
	case known && takesTemplateOfAnother(object):
		return nil
	case known:
		return []form{{Kind: kind, place: shape.Members(kind.Template...)}}
	}
	var forms []form
	places := workload.FindTemplates(object.Object)
	for _, place := range places {
		forms = append(forms, form{
			Kind:  workload.Kind{OwnerAPIVersion: object.GetAPIVersion(), OwnerKind: object.GetKind()},
			place: place, several: len(places) > 1,
		})
	}
	return forms
}

// takesTemplateOfAnother reports whether a Rollout refers to a Deployment, which is explained where it stands
// (https://argo-rollouts.readthedocs.io/en/stable/migrating/).
func takesTemplateOfAnother(object *unstructured.Unstructured) bool {
	_, refers, _ := unstructured.NestedMap(object.Object, "spec", "workloadRef")
	_, own, _ := unstructured.NestedMap(object.Object, "spec", "template")
	return object.GetKind() == "Rollout" && refers && !own
}

// WithNameLabel adds the label that the API server puts on every Namespace.
func WithNameLabel(name string, labels map[string]string) map[string]string {
	all := map[string]string{"kubernetes.io/metadata.name": name}
	maps.Copy(all, labels)
	return all
}
