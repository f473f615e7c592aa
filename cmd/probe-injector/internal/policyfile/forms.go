package policyfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

const (
	// specField is the member of a ProbePolicy that holds all of it, valuesField the same in the chart's values.
	specField   = "spec"
	valuesField = "policy"

	kindConfigMap = "ConfigMap"
)

// finding is a policy in a file of one of the three forms.
type finding struct {
	// policy is the ProbePolicy as text.
	policy []byte
	// place is where it stands, for people.
	place string
	// root is the path that takes the place of "spec" in messages.
	root         string
	registration Registration
	// notation is what can only be seen in the text of values: the policy is made of what YAML has read.
	notation error
}

// find finds the one policy in a file, which may hold other documents beside it: what "helm template" prints.
func find(data []byte) (*finding, error) {
	documents, err := split(data)
	switch {
	case err != nil:
		return nil, err
	case len(documents) == 0:
		return nil, errNoPolicy()
	case len(documents) == 1:
		return documents[0].find()
	}
	documents = slices.DeleteFunc(documents, func(d document) bool { return !d.holdsPolicy() })
	if len(documents) != 1 {
		return nil, errNotOne(documents)
	}
	return documents[0].find()
}

// errNotOne names the documents that hold a policy, where exactly one should.
func errNotOne(documents []document) error {
	var names strings.Builder
	for i, d := range documents {
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&names, "%sdocument %d (%s)", separator, d.number, d.name())
	}
	return fmt.Errorf("of several documents exactly one must be a ProbePolicy or a ConfigMap with %s, not %d%s",
		v1alpha1.ConfigMapKey, len(documents), names.String())
}

// document is one document of a file, as text and as members.
type document struct {
	text    []byte
	members map[string]any
	// number counts the documents of the file from 1.
	number int
}

// split reads all documents that are not empty.
func split(data []byte) ([]document, error) {
	texts, err := v1alpha1.Documents(data)
	if err != nil {
		return nil, err
	}
	var documents []document
	for i, text := range texts {
		d := document{text: text, number: i + 1}
		if err := yaml.UnmarshalStrict(text, &d.members); err != nil {
			return nil, fmt.Errorf("not a YAML mapping: %w", err)
		}
		if len(d.members) > 0 {
			documents = append(documents, d)
		}
	}
	return documents, nil
}

// isValues tells the chart's values from objects, which have a kind, and from what is neither. Values without a policy leave
// it to the chart.
func (d *document) isValues() bool {
	if d.isObject() {
		return false
	}
	for name := range d.members {
		if slices.Contains(chartValues, name) {
			return true
		}
	}
	return false
}

func (d *document) isObject() bool { return d.members["kind"] != nil || d.members["apiVersion"] != nil }

// name is what the document is, for people.
func (d *document) name() string {
	if d.isValues() {
		return "values"
	}
	metadata, _ := d.members["metadata"].(map[string]any)
	return strings.TrimSpace(fmt.Sprint(d.members["kind"], " ", orEmpty(metadata["name"])))
}

func orEmpty(value any) any {
	if value == nil {
		return ""
	}
	return value
}

// holdsPolicy reports whether a document among others is one that is looked for.
func (d *document) holdsPolicy() bool {
	if d.members["kind"] != kindConfigMap {
		return d.isValues() || d.members["kind"] == v1alpha1.Kind
	}
	entries, _ := d.members["data"].(map[string]any)
	for key, value := range entries {
		text, _ := value.(string)
		if key == v1alpha1.ConfigMapKey || v1alpha1.HoldsPolicy([]byte(text)) {
			return true
		}
	}
	return false
}

// find reads the document as one of the three forms.
func (d *document) find() (*finding, error) {
	switch {
	case d.members["kind"] == kindConfigMap:
		return inConfigMap(d.text)
	case d.isValues():
		found, err := inValues(d.members)
		if err == nil {
			found.notation = v1alpha1.CheckNotation(d.text, valuesField)
		}
		return found, err
	case !d.isObject():
		return nil, errNoPolicy()
	}
	return &finding{policy: d.text, root: specField}, nil
}

func errNoPolicy() error {
	return errors.New("no policy here: write a ProbePolicy, a ConfigMap that holds one, or values of the chart")
}

// inConfigMap takes the entry that the chart writes, or else the only one.
func inConfigMap(data []byte) (*finding, error) {
	var configMap struct {
		Metadata struct{ Name string } `json:"metadata"`
		Data     map[string]string     `json:"data"`
	}
	if err := yaml.Unmarshal(data, &configMap); err != nil {
		return nil, fmt.Errorf("not a ConfigMap: %w", err)
	}
	name := configMap.Metadata.Name
	if err := v1alpha1.CheckEntries(configMap.Data); err != nil {
		return nil, fmt.Errorf("ConfigMap %s: %w", name, err)
	}
	key := v1alpha1.ConfigMapKey
	if _, ok := configMap.Data[key]; !ok {
		keys := slices.Sorted(maps.Keys(configMap.Data))
		switch len(keys) {
		case 0:
			return nil, fmt.Errorf("ConfigMap %s is empty: the policy belongs under data[%s]", name, key)
		case 1:
			key = keys[0]
		default:
			return nil, fmt.Errorf("ConfigMap %s has no data[%s], only %s", name, key, strings.Join(keys, ", "))
		}
	}
	return &finding{
		policy: []byte(configMap.Data[key]),
		place:  fmt.Sprintf("ConfigMap %s, data[%s]", name, key),
		root:   specField,
	}, nil
}
