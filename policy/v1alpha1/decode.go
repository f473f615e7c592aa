package v1alpha1

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// MaxFileSize bounds a policy file in bytes: the size of the largest ConfigMap that the API server stores.
const MaxFileSize = 1 << 20

// Decode reads one policy in YAML or JSON. Unknown and duplicate members, values of a wrong type, a second document and another
// apiVersion or kind are errors, as many of them at once as can be found. Where the rest of the file can be read, it comes
// beside the error, without the values that are wrong. Defaults are not applied.
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
	wrong := notationMistakes(document)
	asJSON, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		wrong = append(wrong, fmt.Errorf("not YAML: %w", err))
		// Where it is only that a member stands twice, the rest can be read.
		if asJSON, err = yaml.YAMLToJSON(document); err != nil {
			return nil, errors.Join(wrong...)
		}
	}
	p, more := decodeAll(asJSON, wrong)
	return p, errors.Join(append(wrong, more...)...)
}

// maxWrongValues bounds how often a file is decoded anew, so that no file takes long.
const maxWrongValues = 20

// decodeAll decodes a document without the values that are known to be wrong, and without those that it finds.
func decodeAll(document []byte, known []error) (p *ProbePolicy, wrong []error) {
	for _, err := range known {
		document = without(document, err)
	}
	for {
		p = &ProbePolicy{}
		strict, err := kjson.UnmarshalStrict(document, p)
		if err == nil {
			wrong = append(wrong, strict...)
			break
		}
		mistake := wrongShape(document, err)
		rest := without(document, mistake)
		if wrong = append(wrong, mistake); len(wrong) >= maxWrongValues || bytes.Equal(rest, document) {
			return nil, wrong
		}
		document = rest
	}
	if p.APIVersion != APIVersion || p.Kind != Kind {
		wrong = append(wrong, fmt.Errorf("apiVersion and kind must be %s %s, not %q %q", APIVersion, Kind, p.APIVersion, p.Kind))
	}
	return p, wrong
}

// without takes out of a document what a mistake is about, if it is a value.
func without(document []byte, err error) []byte {
	about, ok := errors.AsType[*valueError](err)
	if !ok || len(about.place) == 0 {
		return document
	}
	var members any
	if err := json.Unmarshal(document, &members); err != nil {
		return document
	}
	rest, err := json.Marshal(about.place.Without(members))
	if err != nil {
		return document
	}
	return rest
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
