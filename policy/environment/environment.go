// Package environment reads the few environment variables of a container that say which software runs in it.
//
// Variables are the largest part of most Pods and may hold secrets, so that all others are dropped before anything is
// made of them: only the names of Known are ever kept, and values only of those whose value matters. A variable says
// which timing class fits or on which port software listens, and completes the evidence of an image; it never names an
// HTTP path. What a variable takes from elsewhere (valueFrom) is not known and counts as set to something else.
package environment

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Variable is one that is read.
type Variable struct {
	// Name is the variable's name; a star at its end stands for anything.
	Name string
	// Value reports that the value is read too, and not only that there is one.
	Value bool
	// Purpose says what it is read for.
	Purpose string
}

// known are all variables that are read.
var known = [...]Variable{
	{"HOST", true, "the address at which a server listens"},
	{"HOSTNAME", true, "the address at which a server listens"},
	{"BIND", true, "the address at which a server listens"},
	{"BIND_ADDR", true, "the address at which a server listens"},
	{"BIND_ADDRESS", true, "the address at which a server listens"},
	{"BIND_HOST", true, "the address at which a server listens"},
	{"LISTEN", true, "the address at which a server listens"},
	{"LISTEN_ADDR", true, "the address at which a server listens"},
	{"LISTEN_ADDRESS", true, "the address at which a server listens"},
	{"LISTEN_HOST", true, "the address at which a server listens"},
	{"ADDRESS", true, "the address at which a server listens"},
	{"ADDR", true, "the address at which a server listens"},
	{"HTTP_HOST", true, "the address at which a server listens"},
	{"HTTP_ADDR", true, "the address at which a server listens"},
	{"HTTP_ADDRESS", true, "the address at which a server listens"},
	{"SERVER_ADDRESS", true, "the address at which a server listens"},
	{"SERVER_HOST", true, "the address at which a server listens"},
	{"MANAGEMENT_SERVER_ADDRESS", true, "the address at which a server listens"},
	{"QUARKUS_HTTP_HOST", true, "the address at which a server listens"},
	{"QUARKUS_MANAGEMENT_HOST", true, "the address at which a server listens"},
	{"MICRONAUT_SERVER_HOST", true, "the address at which a server listens"},
	{"ASPNETCORE_URLS", true, "the address at which a server listens"},
	{"URLS", true, "the address at which a server listens"},
	{"FLASK_RUN_HOST", true, "the address at which a server listens"},
	{"UVICORN_HOST", true, "the address at which a server listens"},
	{"GRADIO_SERVER_NAME", true, "the address at which a server listens"},
	{"STREAMLIT_SERVER_ADDRESS", true, "the address at which a server listens"},
	{"OLLAMA_HOST", true, "the address at which a server listens"},
	{"GF_SERVER_HTTP_ADDR", true, "the address at which a server listens"},
	{"GUNICORN_CMD_ARGS", true, "the address at which a server listens"},
	{"KC_HTTP_HOST", true, "the address at which a server listens"},
	{"KC_HTTP_MANAGEMENT_HOST", true, "the address at which a server listens"},
	{"MANAGEMENT_SERVER_PORT", true, "the port of Spring Boot's Actuator"},
	{"SERVER_PORT", true, "the port of Spring Boot"},
	{"SPRING_*", false, "the class of Spring Boot"},
	{"JAVA_TOOL_OPTIONS", false, "the class of the JVM"},
	{"QUARKUS_MANAGEMENT_ENABLED", true, "whether Quarkus answers on its management port"},
	{"QUARKUS_MANAGEMENT_PORT", true, "the management port of Quarkus"},
	{"QUARKUS_HTTP_PORT", true, "the port of Quarkus"},
	{"QUARKUS_*", false, "the class of Quarkus"},
	{"MICRONAUT_SERVER_PORT", true, "the port of Micronaut"},
	{"MICRONAUT_*", false, "the class of Micronaut"},
	{"ASPNETCORE_HTTP_PORTS", true, "the port of ASP.NET Core"},
	{"ASPNETCORE_*", false, "the class of ASP.NET Core"},
	{"KC_HEALTH_ENABLED", true, "whether Keycloak has health endpoints"},
	{"KC_HTTP_MANAGEMENT_HEALTH_ENABLED", true, "whether Keycloak has them on its management port"},
	{"KC_HTTP_MANAGEMENT_SCHEME", true, "whether Keycloak's management port has TLS"},
	{"KC_*", false, "where Keycloak has its health endpoints"},
	{"GF_SERVER_PROTOCOL", true, "whether Grafana has TLS"},
	{"JENKINS_OPTS", false, "whether Jenkins may have another path or port"},
	{"NODE_ENV", false, "the class of Node.js"},
	{"RAILS_ENV", false, "the class of Rails"},
	{"DJANGO_SETTINGS_MODULE", false, "the class of Django"},
	{"PORT", true, "the port of a buildpack's program"},
}

// Known returns all variables that are read.
func Known() []Variable { return slices.Clone(known[:]) }

// Names lists the names and patterns of the variables that are read.
func Names() []string {
	names := make([]string, len(known))
	for i := range known {
		names[i] = known[i].Name
	}
	return names
}

// Matches reports whether a pattern of Known or of a detection fits a name.
func Matches(pattern, name string) bool {
	if prefix, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// Find says what is read of a variable.
func Find(name string) (Variable, bool) {
	if name == "" {
		return Variable{}, false
	}
	for i := range known {
		// Nearly all variables of a Pod are unknown, and this runs for each.
		if known[i].Name[0] == name[0] && Matches(known[i].Name, name) {
			return known[i], true
		}
	}
	return Variable{}, false
}

// Variables are the known ones of a container. They decode from core/v1 Container's env.
type Variables []setting

type setting struct {
	name, value string
	literal     bool
}

// Value gives the literal value of a variable. The last of several counts, as for the kubelet.
func (v Variables) Value(name string) (string, bool) {
	for _, set := range slices.Backward(v) {
		if set.name == name {
			return set.value, set.literal
		}
	}
	return "", false
}

// Has reports whether a variable that fits the pattern is set, to whatever.
func (v Variables) Has(pattern string) bool {
	for i := range v {
		if Matches(pattern, v[i].name) {
			return true
		}
	}
	return false
}

// UnmarshalJSON keeps the known variables, for decoders that know no UnmarshalJSONFrom.
func (v *Variables) UnmarshalJSON(list []byte) error {
	return v.UnmarshalJSONFrom(jsontext.NewDecoder(bytes.NewBuffer(list), lenient()))
}

// UnmarshalJSONFrom keeps the known variables.
func (v *Variables) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	read, err := Read(d, func(int) error { return nil })
	*v = read
	return err
}

const (
	// firstKept is how many variables a list has room for at first. Then it doubles.
	firstKept = 4
	// decodedBytes is what decoding a variable allocates.
	decodedBytes = 128
)

// Read reads core/v1 Container's env and keeps the known variables. It tells of the bytes that it is about to
// allocate, beside the text of what it keeps, and ends with the error that it is told. What is no list of variables
// has none, and what is no variable is passed over: the API server has the last word on what a Pod may hold.
func Read(d *jsontext.Decoder, allocate func(bytes int) error) (Variables, error) {
	if d.PeekKind() != '[' {
		return nil, d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var kept Variables
	for d.PeekKind() != ']' {
		text, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if !mayBeKnown(text) {
			continue
		}
		if err := allocate(decodedBytes); err != nil {
			return nil, err
		}
		one, known := decode(text)
		if !known {
			continue
		}
		if len(kept) == cap(kept) {
			more := max(firstKept, 2*cap(kept))
			if err := allocate(more * int(reflect.TypeFor[setting]().Size())); err != nil {
				return nil, err
			}
			kept = append(make(Variables, 0, more), kept...)
		}
		kept = append(kept, one)
	}
	_, err := d.ReadToken()
	return kept, err
}

// lenient accepts whatever the API server's own decoder does.
func lenient() json.Options {
	return json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// decode reads an element of the list and reports whether it is a known variable.
func decode(text jsontext.Value) (setting, bool) {
	var decoded struct {
		Name      string  `json:"name"`
		Value     string  `json:"value"`
		ValueFrom present `json:"valueFrom"`
	}
	if json.Unmarshal(text, &decoded, lenient()) != nil {
		return setting{}, false
	}
	variable, ok := Find(decoded.Name)
	if !ok {
		return setting{}, false
	}
	s := setting{name: decoded.Name, literal: variable.Value && !bool(decoded.ValueFrom)}
	if s.literal {
		s.value = decoded.Value
	}
	return s, true
}

// present is a member of which only its presence matters.
type present bool

// UnmarshalJSONFrom passes over the value.
func (p *present) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*p = d.PeekKind() != 'n'
	return d.SkipValue()
}

// mayBeKnown reports whether an element of the list could be a known variable, by its first bytes as the API server
// writes them. Nearly all are not, and decoding them all would be most of the work of a Pod with many.
func mayBeKnown(element []byte) bool {
	rest, found := bytes.CutPrefix(element, []byte(`{"name":"`))
	if !found {
		return len(element) > 0 && element[0] == '{'
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return true
	}
	_, isKnown := Find(string(rest[:end]))
	return isKnown
}
