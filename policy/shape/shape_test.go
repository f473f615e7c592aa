package shape_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	kjson "sigs.k8s.io/json"

	"github.com/probe-injector/probe-injector/policy/shape"
)

func TestAWrongValueIsFoundWhereItStands(t *testing.T) {
	for name, row := range map[string]struct{ document, path, is, wanted string }{
		"a number in quotes":       {`{"spec":{"containers":[{"name":"a"},{"ports":[{"containerPort":"80"}]}]}}`, "spec.containers[1].ports[0].containerPort", "a text", "must be a whole number, without quotes"},
		"a text without quotes":    {`{"metadata":{"annotations":{"a.b/c":true}}}`, "metadata.annotations[a.b/c]", "a boolean", "must be a text: put it in quotes"},
		"a mapping for a list":     {`{"spec":{"containers":{"name":"a"}}}`, "spec.containers", "a mapping", "must be a list"},
		"a list for a mapping":     {`{"spec":[1,[2]],"kind":"x"}`, "spec", "a list", "must be a mapping"},
		"a switch in quotes":       {`{"kind":"x","spec":{"hostNetwork":"true"}}`, "spec.hostNetwork", "a text", "must be true or false, without quotes"},
		"behind a value with dots": {`{"metadata":{"labels":{"x.y":"1"}},"spec":{"hostPID":1}}`, "spec.hostPID", "a number", "must be true or false, without quotes"},
		"the document itself":      {`"pod"`, "<nil>", "a text", "must be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			var pod corev1.Pod
			err := kjson.UnmarshalCaseSensitivePreserveInts([]byte(row.document), &pod)
			m, ok := shape.Find([]byte(row.document), err)
			if !ok || m.Place.Path().String() != row.path || m.Is() != row.is || m.Wanted() != row.wanted {
				t.Errorf("found %v %q %q of %v", m.Place.Path(), m.Is(), m.Wanted(), err)
			}
		})
	}
}

func TestOtherErrorsAreNoWrongValues(t *testing.T) {
	var pod corev1.Pod
	document := []byte(`{"spec":{"containers":[{"resources":{"limits":{"cpu":"much"}}}]}}`)
	for _, text := range [][]byte{document, []byte(`{`)} {
		if m, ok := shape.Find(text, kjson.UnmarshalCaseSensitivePreserveInts(text, &pod)); ok {
			t.Errorf("found %+v in %s", m, text)
		}
	}
}

func TestAPlaceWithoutItsValueLeavesTheRest(t *testing.T) {
	const text = `{"a":{"b":[1,{"c":2,"d":3}]},"e":4}`
	for name, row := range map[string]struct {
		place shape.Place
		want  string
	}{
		"a member":              {shape.Members("a", "b").With(1, "c"), `{"a":{"b":[1,{"d":3}]},"e":4}`},
		"an item":               {shape.Members("a", "b").With(0), `{"a":{"b":[null,{"c":2,"d":3}]},"e":4}`},
		"a member at the top":   {shape.Members("a"), `{"e":4}`},
		"what is not there":     {shape.Members("a", "x", "y"), text},
		"an item beyond a list": {shape.Members("a", "b").With(7), text},
	} {
		t.Run(name, func(t *testing.T) {
			var document any
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Fatal(err)
			}
			got, _ := json.Marshal(row.place.Without(document))
			if string(got) != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			if again, _ := json.Marshal(document); string(again) != text {
				t.Errorf("the document itself has changed: %s", again)
			}
		})
	}
}

// Each value of a document is found again at the place of its path.
func TestEveryPlaceLeadsToItsValue(t *testing.T) {
	var document any
	text := `{"a":[{"b.c":[[1,"x"],{}]},null],"d":{"e":{"f":[true]}}}`
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&document); err != nil {
		t.Fatal(err)
	}
	var walk func(value any, here shape.Place)
	walk = func(value any, here shape.Place) {
		if got, ok := here.In(document); !ok || !reflect.DeepEqual(got, value) {
			t.Errorf("at %s: %v, want %v", here.Path(), got, value)
		}
		switch value := value.(type) {
		case map[string]any:
			for name := range value {
				walk(value[name], here.With(name))
			}
		case []any:
			for i := range value {
				walk(value[i], here.With(i))
			}
		}
	}
	walk(document, nil)
}
