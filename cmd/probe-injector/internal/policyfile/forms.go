package policyfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

const (
	// configMapKey is the key under which the chart puts the policy into its ConfigMap.
	configMapKey = "policy.yaml"
	// specField is the member of a ProbePolicy that holds all of it, valuesField the same in the chart's values.
	specField   = "spec"
	valuesField = "policy"
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
}

// find finds the one policy in a file, which may hold other documents beside it: what "helm template" prints.
func find(data []byte) (*finding, error) {
	if len(data) > v1alpha1.MaxFileSize {
		return nil, fmt.Errorf("the file has %d bytes, at most %d are read", len(data), v1alpha1.MaxFileSize)
	}
	documents, err := split(data)
	switch {
	case err != nil:
		return nil, err
	case len(documents) == 0:
		return nil, errNoPolicy()
	case len(documents) == 1:
		return inDocument(documents[0])
	}
	documents = slices.DeleteFunc(documents, func(d document) bool { return !d.holdsPolicy() })
	if len(documents) != 1 {
		return nil, fmt.Errorf("of several documents exactly one must be a ProbePolicy or a ConfigMap with %s, not %d", configMapKey, len(documents))
	}
	return inDocument(documents[0])
}

// document is one document of a file, as text and as members.
type document struct {
	text    []byte
	members map[string]any
}

// split reads all documents that are not empty.
func split(data []byte) ([]document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var documents []document
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot split YAML documents: %w", err)
		}
		d := document{text: bytes.Clone(text)}
		if err := yaml.UnmarshalStrict(text, &d.members); err != nil {
			return nil, fmt.Errorf("not a YAML mapping: %w", err)
		}
		if len(d.members) > 0 {
			documents = append(documents, d)
		}
	}
}

// holdsPolicy says whether a document among others is one that we look for.
func (d document) holdsPolicy() bool {
	entries, _ := d.members["data"].(map[string]any)
	_, hasPolicy := entries[configMapKey]
	return d.members["kind"] == v1alpha1.Kind || (d.members["kind"] == "ConfigMap" && hasPolicy)
}

// inDocument tells the forms apart by kind: a ProbePolicy and a ConfigMap have one, values have none.
func inDocument(d document) (*finding, error) {
	_, hasValues := d.members[valuesField]
	named := d.members["kind"] != nil || d.members["apiVersion"] != nil
	switch {
	case d.members["kind"] == "ConfigMap":
		return inConfigMap(d.text)
	case !named && hasValues:
		return inValues(d.members)
	case !named:
		return nil, errNoPolicy()
	}
	return &finding{policy: d.text, root: specField}, nil
}

func errNoPolicy() error {
	return errors.New("no policy here: write a ProbePolicy, a ConfigMap that holds one, or values of the chart with their policy")
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
	key := configMapKey
	if _, ok := configMap.Data[key]; !ok {
		keys := slices.Sorted(maps.Keys(configMap.Data))
		switch len(keys) {
		case 0:
			return nil, fmt.Errorf("ConfigMap %s is empty: the policy belongs under data[%s]", configMap.Metadata.Name, configMapKey)
		case 1:
			key = keys[0]
		default:
			return nil, fmt.Errorf("ConfigMap %s has no data[%s], only %s", configMap.Metadata.Name, configMapKey, strings.Join(keys, ", "))
		}
	}
	return &finding{
		policy: []byte(configMap.Data[key]),
		place:  fmt.Sprintf("ConfigMap %s, data[%s]", configMap.Metadata.Name, key),
		root:   specField,
	}, nil
}
