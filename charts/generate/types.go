package main

import (
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// goDuration is a duration as Go writes it.
const goDuration = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

// words are the closed sets of the policy file, by their type.
func words() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[v1alpha1.Mode]():                {string(v1alpha1.ModeInject), string(v1alpha1.ModeAudit)},
		reflect.TypeFor[v1alpha1.ConfidenceLevel]():     {string(v1alpha1.ConfidenceLow), string(v1alpha1.ConfidenceMedium), string(v1alpha1.ConfidenceHigh)},
		reflect.TypeFor[v1alpha1.Offer]():               {string(v1alpha1.Offered), string(v1alpha1.OnRequest), string(v1alpha1.Never)},
		reflect.TypeFor[timing.Style]():                 {string(timing.StyleStartupProbe), string(timing.StyleInitialDelay)},
		reflect.TypeFor[probe.Kind]():                   {string(probe.Readiness), string(probe.Liveness)},
		reflect.TypeFor[metav1.LabelSelectorOperator](): {"In", "NotIn", "Exists", "DoesNotExist"},
	}
}

// schemaOfType is what decodes strictly into a Go type.
func schemaOfType(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[metav1.Duration]():
		return schema{"type": "string", "pattern": goDuration}
	case reflect.TypeFor[intstr.IntOrString]():
		return schema{"type": []string{"integer", "string"}}
	case reflect.TypeFor[metav1.LabelSelector]():
		return selector()
	case reflect.TypeFor[metav1.LabelSelectorRequirement]():
		return requirement()
	}
	if known, ok := words()[t]; ok {
		return oneOf(known...)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return orNull(schemaOfType(t.Elem()))
	case reflect.Struct:
		return schemaOfStruct(t)
	case reflect.Slice:
		return orNull(listOf(schemaOfType(t.Elem())))
	case reflect.Map:
		return orNull(schema{"type": "object", "additionalProperties": schemaOfType(t.Elem())})
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int32, reflect.Int64:
		return schema{"type": "integer"}
	default:
		return schema{"type": "string"}
	}
}

// selector permits what can be the label of an object (k8s.io/apimachinery/pkg/apis/meta/v1/validation).
func selector() schema {
	made := schemaOfStruct(reflect.TypeFor[metav1.LabelSelector]())
	made["properties"].(schema)["matchLabels"] = orNull(labels())
	return made
}

// requirement has values where its operator compares with some, and none otherwise.
func requirement() schema {
	made := schemaOfStruct(reflect.TypeFor[metav1.LabelSelectorRequirement]())
	properties := made["properties"].(schema)
	properties["key"] = schema{"type": "string", "pattern": qualifiedName}
	properties["values"] = orNull(listOf(schema{"type": "string", "pattern": labelValue}))
	made["if"] = schema{"properties": schema{"operator": oneOf("In", "NotIn")}}
	made["then"] = schema{"required": []string{"values"}, "properties": schema{"values": schema{"type": "array", "minItems": 1}}}
	made["else"] = schema{"properties": schema{"values": schema{"maxItems": 0}}}
	return made
}

// schemaOfStruct has a property for each field, by its name in JSON.
func schemaOfStruct(t reflect.Type) schema {
	properties := schema{}
	var required []string
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		properties[name] = optional(schemaOfType(field.Type), options)
		if options == "" {
			required = append(required, name)
		}
	}
	made := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		made["required"] = required
	}
	return made
}

// optional lets an optional word be empty, which is as good as absent.
func optional(s schema, options string) schema {
	if known, ok := s["enum"].([]string); ok && options != "" {
		s["enum"] = append([]string{""}, known...)
	}
	return s
}

// orNull is for what Go decodes null into.
func orNull(s schema) schema {
	if kind, ok := s["type"].(string); ok {
		s["type"] = []string{kind, "null"}
	}
	return s
}
