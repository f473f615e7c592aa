// Package manifest turns the files that people apply into the Pods that the API server will see.
//
// [Read] collects workloads and Namespaces from files, folders and streams, and makes of each workload the Pod that its
// controller would make.
package manifest

import (
	"errors"
	"io"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Files says what to read.
type Files struct {
	// Names are files, folders and Stdin.
	Names []string
	// Kustomizations are folders whose kustomizations are built.
	Kustomizations []string
	// Recursive reads folders below folders.
	Recursive bool
	// Stdin is what Stdin stands for.
	Stdin io.Reader
	// Namespace is that of objects which name none.
	Namespace string
	// NamespaceLabels are labels of Namespaces that are not among the files, each as NAMESPACE=KEY=VALUE.
	NamespaceLabels []string
	// TemplatePaths say where objects of a kind keep their Pod template, each as KIND.GROUP=PATH.
	TemplatePaths []string
}

// Input is what the files hold that matters.
type Input struct {
	// Workloads are in the order of the files.
	Workloads []Workload
	// Namespaces gives the labels of each Namespace that is known.
	Namespaces map[string]map[string]string
	// Sources are all texts that were read.
	Sources []*Source
	// Notes are what a person should know about what was not read.
	Notes []string
}

// Read reads all files. The Input holds what could be read also when there is an error.
func Read(files Files) (*Input, error) {
	in := &Input{Namespaces: map[string]map[string]string{}}
	r := reading{in: in, namespace: files.Namespace}
	if err := errors.Join(files.namespaceLabels(in), files.templatePaths(&r)); err != nil {
		return in, err
	}
	sources, errs := files.read(in)
	for _, s := range sources {
		errs = append(errs, r.source(s)...)
	}
	in.Sources = sources
	return in, errors.Join(errs...)
}

// reading sorts what is read.
type reading struct {
	in        *Input
	namespace string
	// templates are the places that a person named, by kinds.
	templates map[schema.GroupKind][]shape.Place
	values    values
}

func (r *reading) source(s *Source) []error {
	var errs []error
	s.split()
	for _, d := range s.Documents {
		objects, problems := d.objects(&r.values)
		for _, object := range objects {
			problems = append(problems, r.add(d, object)...)
		}
		for _, err := range problems {
			if s.found && errors.Is(err, errNoObject) {
				r.in.Notes = append(r.in.Notes, err.Error())
				continue
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// add sorts one object.
func (r *reading) add(d *Document, object placed) []error {
	if object.GetKind() == "Namespace" && object.GetAPIVersion() == "v1" {
		labels := WithNameLabel(object.GetName(), r.in.Namespaces[object.GetName()])
		maps.Copy(labels, object.GetLabels())
		r.in.Namespaces[object.GetName()] = labels
		return nil
	}
	var errs []error
	for _, f := range r.formsOf(object.Unstructured) {
		w, problems := f.read(object.Unstructured)
		for _, wrong := range problems {
			errs = append(errs, d.errorf(object.place.With(wrong.place...), "%s %s: %w", w.Kind, w.Name, wrong.err))
		}
		if len(problems) > 0 {
			continue
		}
		w.Document, w.Place = d, object.place
		if w.Namespace == "" {
			w.Namespace = r.namespace
		}
		r.in.Workloads = append(r.in.Workloads, w)
	}
	return errs
}

// formsOf are the ways to read an object: the one of its kind, or one for each Pod template in an object of another kind.
func (r *reading) formsOf(object *unstructured.Unstructured) []form {
	groupKind := object.GroupVersionKind().GroupKind()
	kind, known := workload.KindOf(groupKind)
	places, named := r.templates[groupKind]
	switch {
	case named:
		// A person knows better.
	case known && takesTemplateOfAnother(object):
		return nil
	case known:
		return []form{{Kind: kind, place: shape.Members(kind.Template...)}}
	default:
		places = workload.FindTemplates(object.Object)
	}
	var forms []form
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
