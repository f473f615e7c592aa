package splice

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// decode reads a document as the tools of Kubernetes do: JSON as JSON, which has escapes that YAML has not.
func decode(text []byte) (document any, err error) {
	if !json.Valid(text) {
		if text, err = sigsyaml.YAMLToJSON(text); err != nil {
			return nil, err
		}
	}
	err = utiljson.Unmarshal(text, &document)
	return document, err
}

// expected is what the document has to be after the change.
func expected(text []byte, change Change) (any, error) {
	_, body := opened(text)
	document, err := decode(body)
	if err != nil {
		return nil, err
	}
	for _, m := range change.Add {
		if document, err = m.addedTo(document); err != nil {
			return nil, err
		}
	}
	for _, place := range change.Remove {
		if document, err = removed(document, place); err != nil {
			return nil, err
		}
	}
	return document, nil
}

// addedTo gives a document with the member.
func (m *Member) addedTo(document any) (any, error) {
	text, err := json.Marshal(m.Value)
	if err != nil {
		return nil, err
	}
	var value any
	if err := utiljson.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	return changed(document, m.Of, func(members map[string]any) (any, error) {
		if members[m.Name] != nil {
			return nil, fmt.Errorf("%s is there already", m.Of.With(m.Name).Path())
		}
		members = maps.Clone(members)
		members[m.Name] = value
		return members, nil
	})
}

// removed gives a document without a member. A mapping that was its whole value goes, too; what holds that keeps its name,
// and nothing more.
func removed(document any, place shape.Place) (any, error) {
	if len(place) == 0 {
		return nil, errors.New("a document cannot be removed from itself")
	}
	of, name := place[:len(place)-1], fmt.Sprint(place[len(place)-1])
	emptied := false
	document, err := changed(document, of, func(members map[string]any) (any, error) {
		if _, has := members[name]; !has {
			return nil, fmt.Errorf("%s is not there", place.Path())
		}
		members = maps.Clone(members)
		delete(members, name)
		emptied = len(members) == 0
		return members, nil
	})
	if err != nil || !emptied || len(of) == 0 {
		return document, err
	}
	return changed(document, of[:len(of)-1], func(members map[string]any) (any, error) {
		members = maps.Clone(members)
		if delete(members, fmt.Sprint(of[len(of)-1])); len(members) == 0 {
			return nil, nil
		}
		return members, nil
	})
}

// changed gives a document with another mapping at a place.
func changed(document any, at shape.Place, change func(members map[string]any) (any, error)) (any, error) {
	if len(at) == 0 {
		members, isMapping := document.(map[string]any)
		if !isMapping {
			return nil, errors.New("not a mapping")
		}
		return change(members)
	}
	below, ok := at[:1].In(document)
	if !ok {
		return nil, fmt.Errorf("%s is not there", at[:1].Path())
	}
	below, err := changed(below, at[1:], change)
	if err != nil {
		return nil, err
	}
	switch step := at[0].(type) {
	case string:
		members := maps.Clone(document.(map[string]any)) //nolint:forcetypeassert // the place was found in it
		members[step] = below
		return members, nil
	case int:
		list := slices.Clone(document.([]any)) //nolint:forcetypeassert // the place was found in it
		list[step] = below
		return list, nil
	}
	return nil, fmt.Errorf("%v is no step of a place", at[0])
}
