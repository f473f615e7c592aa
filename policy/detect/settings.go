package detect

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Place is where the settings of a container put what a profile asks. The zero value is where the software puts it by itself.
type Place struct {
	prefixes []prefix
	path     string
	// scheme is TLS, Plain or neither.
	scheme v1alpha1.Effect
	// Hidden is the setting that makes the path unknown, so that only the port can be asked.
	Hidden string
	// Unreachable is the setting that keeps the kubelet away.
	Unreachable string
	// Off is the setting that switches the endpoints off.
	Off string
}

// prefix is a path that stands before others, or instead of their beginning.
type prefix struct{ path, instead string }

// seen is a setting of a container.
type seen struct {
	*v1alpha1.Setting
	value string
	// literal reports that value is known.
	literal bool
}

// PlaceOf reads the settings of a container that move what a profile asks.
func PlaceOf(c *workload.Container, settings []v1alpha1.Setting) Place {
	var place Place
	decided := map[string]bool{}
	for i := range settings {
		s := &settings[i]
		found, ok := see(c, s)
		key := string(s.Does) + s.Instead
		if s.Does == v1alpha1.Plain {
			key = string(v1alpha1.TLS)
		}
		if !ok || decided[key] || slices.ContainsFunc(s.Unless, func(name string) bool { return isSet(c, name) }) || (s.With != "" && !isSet(c, s.With)) {
			continue
		}
		decided[key] = true
		place.apply(&found)
	}
	return place
}

// apply takes over what one setting does.
func (p *Place) apply(s *seen) {
	switch {
	case s.Does == v1alpha1.Disables:
		p.Off = s.name()
	case s.Does == v1alpha1.Binds:
		if !s.literal || !isReachable(s.value) {
			p.Unreachable = s.name()
		}
		if s.literal && speaksTLS(s.value) {
			p.hide(s)
		}
	case s.Does == v1alpha1.Hides, !s.literal:
		p.hide(s)
	case s.Does == v1alpha1.Prefix, s.Does == v1alpha1.Path:
		path, ok := pathOf(s.value)
		switch {
		case !ok:
			p.hide(s)
		case s.Does == v1alpha1.Path:
			p.path = path
		default:
			p.prefixes = append(p.prefixes, prefix{strings.TrimRight(path, "/"), s.Instead})
		}
	default:
		p.scheme = s.Does
	}
}

func (p *Place) hide(s *seen) {
	if p.Hidden == "" {
		p.Hidden = s.name()
	}
}

// name is what people call the setting by.
func (s *seen) name() string {
	if s.Env != "" {
		return s.Env
	}
	return s.Arg
}

// see finds a setting in a container, and reports whether it counts. One whose value is not known counts.
func see(c *workload.Container, s *v1alpha1.Setting) (seen, bool) {
	found, ok := read(c, s)
	switch {
	case !ok:
		return seen{}, false
	case len(s.Values) > 0 && found.literal:
		return found, slices.ContainsFunc(s.Values, func(v string) bool { return strings.EqualFold(v, found.value) })
	case len(s.Values) > 0:
		return found, true
	case s.ReadsValue() && found.literal:
		return found, found.value != "" || isSwitch(s)
	}
	// That it is set is all that matters.
	found.literal = found.literal || isSwitch(s)
	return found, true
}

// isSwitch reports whether being set is enough for what a setting does.
func isSwitch(s *v1alpha1.Setting) bool {
	return len(s.Values) == 0 && !slices.Contains([]v1alpha1.Effect{v1alpha1.Prefix, v1alpha1.Path, v1alpha1.Binds}, s.Does)
}

// read finds the value of a setting in a container, if it is there.
func read(c *workload.Container, s *v1alpha1.Setting) (seen, bool) {
	found := seen{Setting: s, literal: true}
	switch {
	case s.Env != "" && !c.Env.Has(s.Env):
		return seen{}, false
	case s.Env != "" && s.Arg != "":
		text, literal := c.Env.Value(s.Env)
		if !literal {
			return seen{Setting: s}, true
		}
		words := workload.Container{Args: strings.Fields(text)}
		found.value, found.literal = valueOf(&words, s.Arg)
		_, ok := words.Argument(s.Arg)
		return found, ok
	case s.Env != "":
		found.value, found.literal = c.Env.Value(s.Env)
	case strings.HasSuffix(s.Arg, "*"):
		return found, slices.ContainsFunc(c.Words(), func(word string) bool { return strings.HasPrefix(word, strings.TrimSuffix(s.Arg, "*")) })
	default:
		if _, ok := c.Argument(s.Arg); !ok {
			return seen{}, false
		}
		found.value, found.literal = valueOf(c, s.Arg)
	}
	if refersToVariable(found.value) && !isAddressOfPod(found.value) {
		found.literal = false
	}
	return found, true
}

// valueOf is the value of an argument that is there; one that has none is "true".
func valueOf(c *workload.Container, name string) (string, bool) {
	value, _ := c.Argument(name)
	if value == "" || (strings.HasPrefix(value, "-") && !c.Assigns(name)) {
		value = "true"
	}
	return value, !refersToVariable(value) || isAddressOfPod(value)
}

// refersToVariable reports whether the kubelet or a shell puts something else in the place of the text.
func refersToVariable(text string) bool {
	return strings.Contains(text, "$") || strings.Contains(text, "`")
}

// isAddressOfPod reports whether a text refers to a variable that by its name is the Pod's own address.
func isAddressOfPod(text string) bool {
	upper := strings.ToUpper(text)
	return strings.Contains(upper, "POD_IP") || strings.Contains(upper, "MY_IP") || strings.Contains(upper, "PODIP")
}

// isSet reports whether an argument or a variable is set, to whatever.
func isSet(c *workload.Container, name string) bool {
	if strings.HasPrefix(name, "-") {
		_, found := c.Argument(name)
		return found
	}
	return c.Env.Has(name)
}

// pathOf is the path of a value that is a path or a URL, with a slash in front.
func pathOf(value string) (string, bool) {
	parsed, err := url.Parse(value)
	if err != nil || strings.ContainsAny(value, " {}<>\"\\^|") {
		return "", false
	}
	if parsed.Scheme == "" && parsed.Host == "" {
		parsed.Path = strings.TrimPrefix(value, "/")
	}
	return "/" + strings.TrimLeft(parsed.Path, "/"), parsed.Opaque == ""
}

// isReachable reports whether a server that listens on an address, with or without a port, is reached from outside of the
// Pod: on all addresses, or on the Pod's own.
func isReachable(address string) bool {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	var host string
	switch parsed, err := netip.ParseAddr(strings.Trim(address, "[]")); {
	case err == nil:
		return parsed.IsUnspecified()
	case strings.HasPrefix(address, "["):
		host, _, _ = strings.Cut(address[1:], "]")
	default:
		host, _, _ = strings.Cut(address, ":")
	}
	if parsed, err := netip.ParseAddr(host); err == nil {
		return parsed.IsUnspecified()
	}
	// A bare number is a port; + and * are how ASP.NET and Java write all addresses.
	return strings.Trim(host, "0123456789+*") == "" || host == "true" || isAddressOfPod(address)
}

// speaksTLS reports whether an address says that its server speaks TLS, by the scheme of a URL or by the word behind it that
// nginx and Kong have for that. Whether it wants a certificate of its clients too, an address does not say.
func speaksTLS(address string) bool {
	words := strings.FieldsFunc(address, func(r rune) bool { return r == ' ' || r == ',' })
	return slices.Contains(words, "ssl") || slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, "https://") })
}

// Move puts a handler where the settings have put what it asks. It is false where only the port can be asked.
func (p *Place) Move(h probe.Handler) (probe.Handler, bool) {
	switch {
	case h.Scheme == probe.GRPC && p.scheme == v1alpha1.TLS:
		// The kubelet speaks no TLS to gRPC servers.
		return h, false
	case h.Scheme != probe.HTTP && h.Scheme != probe.HTTPS:
		return h, true
	case p.Hidden != "":
		return h, false
	}
	if p.path != "" {
		h.Path = p.path
	}
	// What takes the place of a beginning comes first: the beginning is the profile's, not another prefix.
	for _, instead := range []bool{true, false} {
		for _, each := range p.prefixes {
			if rest, found := strings.CutPrefix(h.Path, each.instead); found && (each.instead != "") == instead {
				h.Path = each.path + rest
			}
		}
	}
	switch p.scheme {
	case v1alpha1.TLS:
		h.Scheme = probe.HTTPS
	case v1alpha1.Plain:
		h.Scheme = probe.HTTP
	}
	return h, true
}
