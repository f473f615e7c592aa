package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// schema is a JSON schema, or a part of one.
type schema map[string]any

// schemaFile makes values.schema.json.
func schemaFile(values []value, _ []byte) ([]byte, error) {
	known := limits()
	properties, err := propertiesOf(values, known)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		return nil, fmt.Errorf("limits.go has limits for what is no value: %q", slices.Sorted(maps.Keys(known)))
	}
	properties["global"] = schema{"type": "object", "description": "What a chart that has this one as a dependency shares with all; not used."}
	properties["enabled"] = schema{"type": "boolean", "description": "For a chart that has this one as a dependency, as its condition; not used."}
	for _, name := range former() {
		properties[name] = schema{"description": "Of earlier charts, which helm upgrade --reuse-values brings along; not used."}
	}
	root := schema{
		"$schema":              "http://json-schema.org/draft-07/schema#",
		"title":                "Values of the probe-injector chart",
		"description":          "Generated from values.yaml by go run ./charts/generate: change it there.",
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// former are values that earlier charts had.
func former() []string { return []string{"statusLabel", "test"} }

// propertiesOf makes the schemas of the members of a mapping, and takes the limits that it uses out of the table.
func propertiesOf(values []value, known map[string]schema) (schema, error) {
	properties := schema{}
	for _, v := range values {
		made, err := schemaOf(v, known)
		if err != nil {
			return nil, err
		}
		if v.description != "" {
			made["description"] = v.description
		}
		properties[v.name] = made
	}
	return properties, nil
}

// schemaOf is what a value may be: what the table says, else the type of its default.
func schemaOf(v value, known map[string]schema) (schema, error) {
	limit, limited := known[v.path]
	delete(known, v.path)
	if len(v.members) > 0 && !limited {
		properties, err := propertiesOf(v.members, known)
		return schema{"type": "object", "additionalProperties": false, "properties": properties}, err
	}
	made := schema{}
	maps.Copy(made, limit)
	if described, ok := made["properties"].(schema); ok {
		describe(described, v.members)
	}
	if _, ok := made["type"]; ok {
		return made, nil
	}
	switch v.fallback.(type) {
	case bool:
		made["type"] = "boolean"
	case int:
		made["type"] = "integer"
	case string:
		made["type"] = "string"
	default:
		return nil, fmt.Errorf("values.yaml: %s: limits.go must say what the members of %v may be", v.path, v.fallback)
	}
	return made, nil
}

// describe adds the comments of values.yaml to a schema that was not made from it.
func describe(properties schema, values []value) {
	for _, v := range values {
		property, ok := properties[v.name].(schema)
		if !ok {
			continue
		}
		if v.description != "" {
			property["description"] = v.description
		}
		if below, ok := property["properties"].(schema); ok {
			describe(below, v.members)
		}
	}
}
