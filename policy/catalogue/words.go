package catalogue

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// The levels at which a profile gives a probe, in the words of the reference and the CLI.
const (
	LevelOffered   = "offered"
	LevelOnRequest = "on request"
	LevelOwnKey    = "own key"
	LevelNever     = "never"
)

// Level says to whom a probe of a profile is given; nil, a probe that the profile leaves out, is given to nobody.
func Level(p *v1alpha1.ProfileProbe) string {
	switch {
	case p == nil || p.Offer == v1alpha1.Never:
		return LevelNever
	case p.OwnKey:
		return LevelOwnKey
	case p.Offer == v1alpha1.OnRequest:
		return LevelOnRequest
	}
	return LevelOffered
}

// Words is a text with the names in it that stand in Pods and policy files, each of which mark makes recognisable.
type Words func(name string) string

// Detection says in words what a container must show.
func (mark Words) Detection(d *v1alpha1.Detection) string {
	var parts []string
	add := func(lead string, names []string, between string) {
		if len(names) > 0 {
			parts = append(parts, lead+" "+mark.list(names, between))
		}
	}
	add("image", d.Images, "or")
	add("below", d.Publishers, "or")
	if words := versions(d.MinVersion, d.MaxVersion); words != "" {
		parts = append(parts, words)
	}
	add("argument", d.Args, "and")
	add("variable", settings(d.Env), "and")
	add("without variable", d.WithoutEnv, "and")
	var ports []string
	for i := range d.Ports {
		ports = append(ports, d.Ports[i].String())
	}
	if d.PortAlone {
		add("port alone", ports, "or")
		return strings.Join(parts, ", ")
	}
	add("port", ports, "or")
	return strings.Join(parts, ", ")
}

// versions says in words which versions lie between two bounds; nothing without bounds.
func versions(least, most string) string {
	switch {
	case least == "" && most == "":
		return ""
	case least == most:
		return "version " + least
	case most == "":
		return "version " + least + " or newer"
	case least == "":
		return "version " + most + " or older"
	}
	return "version " + least + " to " + most
}

// Port says in words where a port is found.
func (mark Words) Port(s *v1alpha1.PortSource) string {
	switch {
	case s.Arg != "":
		return "the argument " + mark(s.Arg)
	case s.Env != "" && s.Number != 0:
		return number(s.Number) + " where " + mark(s.Env+"="+s.Value)
	case s.Env != "":
		return "the variable " + mark(s.Env)
	case s.Name != "":
		return "the port named " + mark(s.Name)
	}
	if s.Undeclared {
		return number(s.Number) + ", declared or not"
	}
	return number(s.Number)
}

// Handler says in words what a probe asks; nothing for a probe that asks nothing.
func (mark Words) Handler(p *v1alpha1.ProfileProbe) string {
	switch {
	case p == nil:
		return ""
	case p.Exec != nil:
		return "the command " + mark(strings.Join(quoted(p.Exec.Command), " "))
	case p.Handler == "":
		return ""
	}
	return mark(p.Handler)
}

// Headers lists headers as HTTP writes them.
func Headers(headers []corev1.HTTPHeader) string {
	list := make([]string, len(headers))
	for i, header := range headers {
		list[i] = header.Name + ": " + header.Value
	}
	return strings.Join(list, ", ")
}

// Ports says in words where the probes go whose handler names no port; nothing where the container decides.
func (mark Words) Ports(p *v1alpha1.Profile) string {
	var places []string
	for i := range p.Ports {
		places = append(places, mark.Port(&p.Ports[i]))
	}
	for i := range p.Detect {
		for _, port := range p.Detect[i].Ports {
			place := port.String()
			if port.StrVal != "" {
				place = mark.Port(&v1alpha1.PortSource{Name: port.StrVal})
			}
			if !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	return strings.Join(places, ", else ")
}

// effects say in words what a setting does.
var effects = map[v1alpha1.Effect]string{
	v1alpha1.Prefix: "prefix", v1alpha1.Path: "path", v1alpha1.TLS: "TLS", v1alpha1.Plain: "no TLS",
	v1alpha1.Hides: "only the port is asked", v1alpha1.Binds: "listen address", v1alpha1.Disables: "not this profile",
}

// Settings says in words what can move the probes of a profile.
func (mark Words) Settings(p *v1alpha1.Profile) string {
	if p.Settled != "" {
		return "nothing: " + p.Settled
	}
	var parts []string
	for _, does := range v1alpha1.Effects() {
		var names []string
		for i := range p.Settings {
			s := &p.Settings[i]
			name := strings.TrimSpace(s.Env + " " + s.Arg)
			if len(s.Values) > 0 {
				name += "=" + strings.Join(s.Values, "|")
			}
			if s.Does == does && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			parts = append(parts, effects[does]+": "+mark.list(names, "or"))
		}
	}
	return strings.Join(parts, "; ")
}

// Hint says in words what suggests a class.
func (mark Words) Hint(h *ClassHint) string {
	var parts []string
	if len(h.Env) > 0 {
		parts = append(parts, "variable "+mark.list(h.Env, "or"))
	}
	if len(h.Args) > 0 {
		parts = append(parts, "argument "+mark.list(h.Args, "or"))
	}
	if len(h.Images) > 0 {
		parts = append(parts, "image "+mark.list(h.Images, "or"))
	}
	return strings.Join(parts, ", ")
}

// Fields lists the timing fields that a probe of a profile sets, as NAME=VALUE in the order of core/v1 Probe.
func Fields(p *v1alpha1.ProfileProbe) []string {
	if p == nil {
		return nil
	}
	var list []string
	for _, field := range [...]struct {
		name  string
		value *int32
	}{
		{"initialDelaySeconds", p.InitialDelaySeconds},
		{"timeoutSeconds", p.TimeoutSeconds},
		{"periodSeconds", p.PeriodSeconds},
		{"successThreshold", p.SuccessThreshold},
		{"failureThreshold", p.FailureThreshold},
	} {
		if field.value != nil {
			list = append(list, field.name+"="+number(*field.value))
		}
	}
	if grace := p.TerminationGracePeriodSeconds; grace != nil {
		list = append(list, "terminationGracePeriodSeconds="+strconv.FormatInt(*grace, 10))
	}
	return list
}

// quoted puts arguments with spaces between quotes, as a shell wants them.
func quoted(command []string) []string {
	list := slices.Clone(command)
	for i, arg := range list {
		if strings.Contains(arg, " ") {
			list[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return list
}

// list writes marked names as people enumerate them.
func (mark Words) list(names []string, last string) string {
	marked := make([]string, len(names))
	for i, name := range names {
		marked[i] = mark(name)
	}
	if len(marked) == 1 {
		return marked[0]
	}
	return strings.Join(marked[:len(marked)-1], ", ") + " " + last + " " + marked[len(marked)-1]
}

func settings(env []v1alpha1.EnvVar) []string {
	var list []string
	for _, each := range env {
		if each.Value != "" {
			list = append(list, each.Name+"="+each.Value)
		} else {
			list = append(list, each.Name)
		}
	}
	return list
}

func number(n int32) string { return strconv.Itoa(int(n)) }
