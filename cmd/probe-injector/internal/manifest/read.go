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
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"

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
	// Unknown are objects that seem to make Pods in a way that is not known here, by kind and name.
	Unknown []string
}

// Read reads all files. The Input holds what could be read also when there is an error.
func Read(files Files) (*Input, error) {
	builder := resource.NewLocalBuilder().Unstructured().ContinueOnError().Flatten()
	for _, name := range slices.Compact(slices.Clone(files.Names)) {
		if name == Stdin {
			builder.Stream(files.Stdin, "standard input")
			continue
		}
		builder.FilenameParam(false, &resource.FilenameOptions{Filenames: []string{name}, Recursive: files.Recursive})
	}
	in := &Input{Namespaces: map[string]map[string]string{}}
	var errs []error
	err := builder.Do().Visit(func(info *resource.Info, err error) error {
		if err != nil {
			return err
		}
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("%s: cannot read a %T", info.Source, info.Object)
		}
		if err := in.add(object, info.Source, files.Namespace); err != nil {
			errs = append(errs, err)
		}
		return nil
	})
	if err != nil {
		errs = append(errs, fmt.Errorf("reading manifests: %w", err))
	}
	if err != nil && strings.Contains(err.Error(), "annotations of type string") {
		errs = append(errs, errors.New(`annotations are strings: write "true" and "6", with the quotes`))
	}
	return in, errors.Join(errs...)
}

// add sorts one object.
func (in *Input) add(object *unstructured.Unstructured, source, namespace string) error {
	if object.GetKind() == "Namespace" && object.GetAPIVersion() == "v1" {
		in.Namespaces[object.GetName()] = WithNameLabel(object.GetName(), object.GetLabels())
		return nil
	}
	kind, known := workload.KindOf(object.GroupVersionKind().GroupKind())
	if !known {
		if _, found, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers"); found {
			in.Unknown = append(in.Unknown, fmt.Sprintf("%s %s (%s)", object.GetKind(), object.GetName(), source))
		}
		return nil
	}
	w, err := form{kind}.read(object)
	if err != nil {
		return fmt.Errorf("%s: %s %s: %w", source, object.GetKind(), object.GetName(), err)
	}
	w.Source = source
	if w.Namespace == "" {
		w.Namespace = namespace
	}
	in.Workloads = append(in.Workloads, w)
	return nil
}

// WithNameLabel adds the label that the API server puts on every Namespace.
func WithNameLabel(name string, labels map[string]string) map[string]string {
	all := map[string]string{"kubernetes.io/metadata.name": name}
	maps.Copy(all, labels)
	return all
}
