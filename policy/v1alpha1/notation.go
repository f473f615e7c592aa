package v1alpha1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// checkEnd refuses text behind the mark that ends a document: the parser of YAML never looks at it.
func checkEnd(document []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(document))
	var node, behind yaml.Node
	if err := decoder.Decode(&node); err != nil {
		return nil //nolint:nilerr // what is no YAML has no end; whoever reads the document says so
	}
	switch err := decoder.Decode(&behind); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf(`the line "..." ends the document, and what follows it would not be read: %w`, err)
	}
	return fmt.Errorf(`the line "..." ends the document, and what follows it would not be read: line %d`, behind.Line)
}

// CheckNotation refuses what YAML reads without a word as something else than what stands there: whole numbers that are not
// decimal, and durations that are none. It looks at the document, or at what is below a member of it; text that is no YAML
// is left to whoever decodes it.
func CheckNotation(document []byte, under ...string) error {
	return errors.Join(notationMistakes(document, under...)...)
}

func notationMistakes(document []byte, under ...string) []error {
	var node yaml.Node
	if err := yaml.Unmarshal(document, &node); err != nil || len(node.Content) == 0 {
		return nil // the decoder says it better
	}
	return oddNumbers(node.Content[0], nil, under)
}

// decimal is a whole number as everybody reads it.
var decimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

// durations are the members that hold one.
var durations = []string{"maxStartupBudget", "startupBudget", "restartAfter", "unreadyAfter"}

// oddNumbers finds whole numbers in another notation, below the members that are named: YAML 1.1 reads 0777 as 511, 0x50 as
// 80 and 1_000 as 1000.
func oddNumbers(node *yaml.Node, place shape.Place, under []string) []error {
	var all []error
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			name, value := node.Content[i].Value, node.Content[i+1]
			if len(under) > 0 && name != under[0] {
				continue
			}
			if right := oddDuration(name, value); right != "" {
				all = append(all, oddValue(place.With(name), value, right))
				continue
			}
			all = append(all, oddNumbers(value, place.With(name), under[min(1, len(under)):])...)
		}
	case yaml.SequenceNode:
		for i, each := range node.Content {
			all = append(all, oddNumbers(each, place.With(i), under)...)
		}
	case yaml.ScalarNode:
		if node.Style == 0 && node.Tag == "!!int" && !decimal.MatchString(node.Value) {
			all = append(all, oddValue(place, node, "YAML reads this as "+inDecimal(node.Value)+": write a decimal number without leading zeros"))
		}
	case yaml.DocumentNode, yaml.AliasNode:
		// An alias is looked at where it is written out.
	}
	return all
}

func oddValue(place shape.Place, node *yaml.Node, right string) error {
	return &valueError{field.Invalid(place.Path(), node.Value, right), place}
}

// oddDuration is what would be right in the place of a member that holds a duration and has none; empty where it has, and for
// other members.
func oddDuration(name string, value *yaml.Node) string {
	if !slices.Contains(durations, name) {
		return ""
	}
	if value.Tag == "!!int" {
		return "a duration has a unit: write " + value.Value + "s for seconds"
	}
	if _, err := time.ParseDuration(value.Value); err != nil && value.Tag == "!!str" {
		return "a duration is a number and its unit, such as 90s, 5m or 1h"
	}
	return ""
}

func inDecimal(text string) string {
	value, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return "another number"
	}
	return strconv.FormatInt(value, 10)
}
