package manifest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// AddTo adds the flags by which every verb is told what to read.
func (f *Files) AddTo(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&f.Names, "filename", "f", nil, `file or folder with manifests, or "-" for the standard input; may be repeated`)
	flags.StringSliceVarP(&f.Kustomizations, "kustomize", "k", nil, "folder with a kustomization of local files, which is built; may be repeated")
	flags.BoolVarP(&f.Recursive, "recursive", "R", false, "also read folders below folders")
	flags.StringVarP(&f.Namespace, "namespace", "n", "default", "namespace of objects that name none")
	flags.StringArrayVar(&f.NamespaceLabels, "namespace-labels", nil,
		"a label of a namespace whose Namespace object is not in the input, as NAMESPACE=KEY=VALUE; may be repeated")
	flags.StringArrayVar(&f.TemplatePaths, "template-path", nil,
		"where objects of a kind keep their Pod template, as KIND.GROUP=PATH; may be repeated")
}

// namespaceLabels takes the labels that were given on the command line.
func (f *Files) namespaceLabels(in *Input) error {
	for _, text := range f.NamespaceLabels {
		namespace, label, hasLabel := strings.Cut(text, "=")
		key, value, hasValue := strings.Cut(label, "=")
		if !hasLabel || !hasValue || namespace == "" || len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(value)) > 0 {
			return fmt.Errorf("--namespace-labels %s: must be NAMESPACE=KEY=VALUE, such as shop=team=web", text)
		}
		labels := WithNameLabel(namespace, in.Namespaces[namespace])
		maps.Copy(labels, map[string]string{key: value})
		in.Namespaces[namespace] = labels
	}
	return nil
}

// templatePaths takes the places of templates that were given on the command line.
func (f *Files) templatePaths(r *reading) error {
	r.templates = map[schema.GroupKind][]shape.Place{}
	for _, text := range f.TemplatePaths {
		kind, path, found := strings.Cut(text, "=")
		members := strings.Split(path, ".")
		if !found || kind == "" || strings.Contains("."+path+".", "..") {
			return fmt.Errorf("--template-path %s: must be KIND.GROUP=PATH, such as Service.example.com=spec.pod", text)
		}
		groupKind := schema.ParseGroupKind(kind)
		r.templates[groupKind] = append(r.templates[groupKind], shape.Members(members...))
	}
	return nil
}
