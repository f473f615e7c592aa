package output

import (
	"encoding/json"
	"io"

	"sigs.k8s.io/yaml"
)

// JSON writes a value for programs, indented.
func JSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// YAML writes a value for programs and people.
func YAML(to io.Writer, value any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	_, err = to.Write(text)
	return err
}
