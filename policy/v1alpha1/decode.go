package v1alpha1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// MaxFileSize bounds a policy file in bytes: the size of the largest ConfigMap that the API server stores.
const MaxFileSize = 1 << 20

// Decode reads one policy in YAML or JSON. Unknown and duplicate members, a second document and another
// apiVersion or kind are errors, all of one kind reported at once. Defaults are not applied.
func Decode(data []byte) (*ProbePolicy, error) {
	documents, err := Documents(data)
	if err != nil {
		return nil, err
	}
	var document []byte
	switch len(documents) {
	case 0:
	case 1:
		document = documents[0]
	default:
		return nil, fmt.Errorf("a policy file holds one document, this one holds %d", len(documents))
	}
	if err := CheckNotation(document); err != nil {
		return nil, err
	}
	asJSON, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	p := &ProbePolicy{}
	strict, err := kjson.UnmarshalStrict(asJSON, p)
	if err != nil {
		return nil, wrongShape(asJSON, err)
	}
	if p.APIVersion != APIVersion || p.Kind != Kind {
		strict = append(strict, fmt.Errorf("apiVersion and kind must be %s %s, not %q %q", APIVersion, Kind, p.APIVersion, p.Kind))
	}
	return p, errors.Join(strict...)
}

// Documents splits a YAML stream into its documents, without those that are empty.
func Documents(data []byte) ([][]byte, error) {
	if len(data) > MaxFileSize {
		return nil, fmt.Errorf("the file has %d bytes, at most %d are read", len(data), MaxFileSize)
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var documents [][]byte
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot split YAML documents: %w", err)
		}
		if isEmpty(document) {
			continue
		}
		if err := checkEnd(document); err != nil {
			return nil, err
		}
		documents = append(documents, bytes.Clone(document))
	}
}

// isEmpty reports whether a document holds nothing but comments and space.
func isEmpty(document []byte) bool {
	for line := range bytes.Lines(document) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) && !bytes.Equal(line, []byte("...")) {
			return false
		}
	}
	return true
}
