package webhook

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	kjson "sigs.k8s.io/json"
)

func reviewShape() *shape { return shapeOf(reflect.TypeFor[review]()) }

func TestPrune(t *testing.T) {
	type inner struct {
		Value int `json:"value"`
	}
	type outer struct {
		Name  string            `json:"name"`
		Inner *inner            `json:"inner"`
		List  []inner           `json:"list"`
		Map   map[string]string `json:"map"`
	}
	tests := map[string]struct {
		text string
		// want is empty for text that is no JSON.
		want string
	}{
		"known members stay":                    {`{"name":"a","inner":{"value":1}}`, `{"name":"a","inner":{"value":1}}`},
		"unknown members go":                    {`{"x":1,"name":"a","y":{"name":[1,"}"]},"z":null}`, `{"name":"a"}`},
		"at every level":                        {`{"inner":{"x":1,"value":1,"y":2},"list":[{"x":1},{"value":2,"x":[]}]}`, `{"inner":{"value":1},"list":[{},{"value":2}]}`},
		"members of a map stay":                 {`{"map":{"x":"1"}}`, `{"map":{"x":"1"}}`},
		"duplicates stay":                       {`{"name":"a","x":1,"name":"b"}`, `{"name":"a","name":"b"}`},
		"another case goes":                     {`{"Name":"a"}`, `{}`},
		"escaped names stay":                    {`{"n\u0061me":"a","\u0078":1}`, `{"n\u0061me":"a","\u0078":1}`},
		"names beyond ASCII stay":               {`{"ñ":1}`, `{"ñ":1}`},
		"space goes where something is dropped": {" { \"x\" : 1 , \"name\" : \"a\" } ", `{"name":"a"}`},
		"a value of another type stays":         {`{"inner":[{"x":1}],"list":{"x":1}}`, `{"inner":[{"x":1}],"list":{"x":1}}`},
		"elements of another type stay":         {`{"list":[null,1,[{"x":1}]]}`, `{"list":[null,1,[{"x":1}]]}`},
		"null":                                  {`null`, `null`},
		"numbers":                               {`{"x":[0,-0,1.5,-10e5,1E-5,0.0e+0]}`, `{}`},
		"nothing":                               {``, ``},
		"a leading zero":                        {`{"x":01}`, ``},
		"a fraction without digits":             {`{"x":1.}`, ``},
		"an exponent without digits":            {`{"x":1e}`, ``},
		"a lone minus":                          {`{"x":-}`, ``},
		"a plus":                                {`{"x":+1}`, ``},
		"a trailing comma":                      {`{"x":1,}`, ``},
		"a trailing comma in an array":          {`{"x":[1,]}`, ``},
		"a missing colon":                       {`{"x" 1}`, ``},
		"a missing value":                       {`{"x":}`, ``},
		"a name without quotes":                 {`{x:1}`, ``},
		"a control character":                   {"{\"x\":\"\n\"}", ``},
		"an unknown escape":                     {`{"x":"\a"}`, ``},
		"half an escape":                        {`{"x":"\u12"}`, ``},
		"an open string":                        {`{"x":"`, ``},
		"an open escape":                        {`{"x":"\`, ``},
		"an open object":                        {`{"x":{`, ``},
		"an open array":                         {`{"x":[1`, ``},
		"a literal in capitals":                 {`{"x":True}`, ``},
		"half a literal":                        {`{"x":nul`, ``},
		"something behind":                      {`{} {}`, ``},
		"the wrong bracket":                     {`{"x":[1}}`, ``},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if valid := json.Valid([]byte(test.text)); valid != (test.want != "") {
				t.Fatalf("the test expects %q of JSON that is valid: %v", test.want, valid)
			}
			got, _, err := prune([]byte(test.text), shapeOf(reflect.TypeFor[outer]()))
			if string(got.text) != test.want || (err != nil) != (test.want == "") {
				t.Errorf("%q, %v, want %q", got.text, err, test.want)
			}
		})
	}
}

func TestPruneHasTheDecodersLimitOfDepth(t *testing.T) {
	for depth, want := range map[int]bool{10_000: true, 10_001: false} {
		text := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		if _, _, err := prune([]byte(text), nil); (err == nil) != want {
			t.Errorf("%d: %v", depth, err)
		}
		if got := json.Valid([]byte(text)); got != want {
			t.Errorf("%d: the decoder's limit is another one", depth)
		}
	}
}

func TestTheShapeHasThePlacesThatDecisionsReadAndNotTheOthers(t *testing.T) {
	at := reviewShape()
	for _, name := range []string{"request", "object", "spec", "containers"} {
		if at = at.members[name].shape; at == nil {
			t.Fatalf("%s is not in the shape", name)
		}
	}
	for name, want := range map[string]bool{"name": true, "ports": true, "livenessProbe": true, "env": true, "volumeMounts": false} {
		if _, got := at.element.members[name]; got != want {
			t.Errorf("%s in a container: %v", name, got)
		}
	}
	if _, ok := at.element.members["livenessProbe"].shape.members["httpGet"]; !ok {
		t.Error("the embedded handler of a probe is not in the shape")
	}
}

// FuzzPrune holds decoding after pruning against decoding without it.
func FuzzPrune(f *testing.F) {
	for _, text := range []string{
		`{"apiVersion":"v1","kind":"k","request":{"uid":"1","object":{"metadata":{"annotations":{"a":"b"},"managedFields":[{}]},"spec":{"containers":[{"name":"a","env":[{"name":"x"}],"livenessProbe":{"httpGet":{"port":"http","httpHeaders":[{"name":"a"}]},"x":1},"ports":[null,{"containerPort":1e3}]}],"volumes":[]}}}}`,
		`{"request":{"object":{"spec":{"containers":[{"env":[{"name":"A","value":","},{"name":"PORT","value":"1"},5,{"n\u0061me":"PORT"},{"name":"A","name":"PORT"}]}]}}}}`,
		`{"request":{"object":{"spec":{"containers":[1,"",null,[],{"resources":{"limits":{"cpu":1}}}]}}}}`,
		`{"r\u0065quest":{"uid":"1"},"Request":{},"request":null}`, ` {"a" : [ 1 , -0.5e+7 ] , "kind" : "\ud800\"" } `, `[`, `{"a":tru}`, "{\"kind\":\"\xff\"}",
	} {
		f.Add([]byte(text))
	}
	s := reviewShape()
	f.Fuzz(func(t *testing.T, text []byte) {
		var want, got review
		wantStrict, wantErr := kjson.UnmarshalStrict(text, &want, kjson.DisallowDuplicateFields)
		if valid := json.Valid(text); valid != !isSyntax(wantErr) {
			// The two decoders differ, so that neither can be held against the other.
			return
		}
		rest, at, err := prune(bytes.Clone(text), s)
		if (err != nil) != isSyntax(wantErr) {
			t.Fatalf("%v at %d, the decoder says %v", err, at, wantErr)
		}
		if err != nil {
			return
		}
		if len(rest.text) > len(text) {
			t.Fatal("the rest is longer")
		}
		if want := structuralCommas(rest.text); rest.commas != want {
			t.Fatalf("%d commas are counted in %s, there are %d", rest.commas, rest.text, want)
		}
		gotStrict, gotErr := kjson.UnmarshalStrict(rest.text, &got, kjson.DisallowDuplicateFields)
		if (gotErr == nil) != (wantErr == nil) || len(gotStrict) != len(wantStrict) {
			t.Fatalf("%v and %v, without pruning %v and %v\n%s", gotErr, gotStrict, wantErr, wantStrict, rest.text)
		}
		if len(gotStrict) > 0 && !rest.ambiguous {
			t.Fatalf("%v, and pruning has not seen that\n%s", gotStrict, text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, without pruning %+v\n%s", got, want, rest.text)
		}
	})
}

// structuralCommas counts the commas of a JSON text that are not part of a string.
func structuralCommas(text []byte) int {
	commas, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case c == ',' && !inString:
			commas++
		}
	}
	return commas
}

func isSyntax(err error) bool {
	is, _ := kjson.SyntaxErrorOffset(err)
	return is
}
