package policy

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// recognised is what a container shows of the software that it runs.
type recognised struct {
	profile *profile
	// by is the kind of evidence, and detail what was seen.
	by     EvidenceKind
	detail string
	// overridden says that the image is known and its command is another: the container may be a client.
	overridden bool
}

// detector is one way to recognise a profile's software.
type detector struct {
	*v1alpha1.Detection
	profile *profile
	// order is the place among all: the first that fits counts.
	order int
}

// detectors are all ways, an admin's before the built-in ones. A review looks only at those that could fit its image.
type detectors struct {
	// byImage are those that ask for images by their whole name, under the last segment of each.
	byImage map[string][]detector
	others  []detector
	count   int
}

// add appends a profile's ways.
func (d *detectors) add(p *profile) {
	if d.byImage == nil {
		d.byImage = map[string][]detector{}
	}
	for i := range p.detect {
		each := detector{Detection: &p.detect[i], profile: p, order: d.count}
		d.count++
		open := func(pattern string) bool { return strings.Contains(pattern, "*") }
		if len(each.Images) == 0 || slices.ContainsFunc(each.Images, open) {
			d.others = append(d.others, each)
			continue
		}
		var names []string
		for _, pattern := range each.Images {
			if name := lastSegment(pattern); !slices.Contains(names, name) {
				names = append(names, name)
				d.byImage[name] = append(d.byImage[name], each)
			}
		}
	}
}

// candidates visits the ways that could fit an image, in their order, until one is taken.
func (d *detectors) candidates(img *image, take func(*detector) bool) {
	named, others := d.byImage[img.last], d.others
	for len(named)+len(others) > 0 {
		from := &others
		if len(others) == 0 || (len(named) > 0 && named[0].order < others[0].order) {
			from = &named
		}
		if take(&(*from)[0]) {
			return
		}
		*from = (*from)[1:]
	}
}

// recognise finds the first detection that fits the container. Where only the command speaks against it, that is
// remembered, because such a container is no stranger either.
func (d *deciding) recognise(q *request) {
	c, img := q.container, d.imageOf(q)
	d.policy.detectors.candidates(img, func(candidate *detector) bool {
		if !c.fits(candidate.Detection, img) {
			return false
		}
		found := recognised{profile: candidate.profile, by: evidenceOf(candidate.Detection), detail: seen(candidate.Detection, c)}
		found.overridden = len(candidate.Images) > 0 && len(candidate.Args) == 0 && len(c.Command) > 0
		if q.known.profile == nil || !found.overridden {
			q.known = found
		}
		return !found.overridden
	})
}

// imageOf takes the container's image apart, once.
func (d *deciding) imageOf(q *request) *image {
	if q.image.repository == "" {
		q.image = parseImage(q.container.Image, d.policy.imageMirrors)
	}
	return &q.image
}

func evidenceOf(d *v1alpha1.Detection) EvidenceKind {
	if len(d.Args) > 0 {
		return EvidenceArgument
	}
	if len(d.Images) > 0 {
		return EvidenceImage
	}
	return EvidenceVariable
}

// seen is the fact in a few words.
func seen(d *v1alpha1.Detection, c *Container) string {
	switch evidenceOf(d) {
	case EvidenceArgument:
		return d.Args[0]
	case EvidenceVariable:
		return d.Env[0].Name
	default:
		return c.Image
	}
}

// fits says whether everything holds that a detection asks for, but for the container's command. What is quickly
// compared comes first: a review goes through the whole catalogue.
func (c *Container) fits(d *v1alpha1.Detection, img *image) bool {
	switch {
	case len(d.Ports) > 0 && !slices.ContainsFunc(d.Ports, c.declaresPort),
		len(d.Images) > 0 && !img.isNamed(d.Images),
		len(d.Publishers) > 0 && !img.isBelow(d.Publishers),
		!img.isWithin(d.MinMajor, d.MaxMajor):
		return false
	}
	for _, name := range d.Args {
		if value, ok := c.argument(name); !ok || value == "false" {
			return false
		}
	}
	for _, want := range d.Env {
		value, literal := c.Env.Value(want.Name)
		if !c.Env.Has(want.Name) || (want.Value != "" && (!literal || value != want.Value)) {
			return false
		}
	}
	return !slices.ContainsFunc(d.WithoutEnv, c.Env.Has)
}

func (c *Container) declaresPort(port intstr.IntOrString) bool {
	return c.declares(probe.Port{Number: port.IntVal, Name: port.StrVal})
}

// argument finds an argument in command and args, alone, before "=", or with its value in the next one.
func (c *Container) argument(name string) (value string, found bool) {
	all := slices.Concat(c.Command, c.Args)
	for i, arg := range all {
		before, after, assigned := strings.Cut(arg, "=")
		if !sameFlag(before, name) {
			continue
		}
		if !assigned && i+1 < len(all) {
			after = all[i+1]
		}
		return after, true
	}
	return "", false
}

// sameFlag compares flags with one dash and with two, which Go's flag package does not tell apart.
func sameFlag(a, b string) bool {
	return strings.HasPrefix(a, "-") && strings.TrimLeft(a, "-") == strings.TrimLeft(b, "-")
}

// portOf finds the port of a profile in a container: by the profile's sources, then by its detection's ports. Without
// one, the container's own ports decide, unless a source is there and names none that could be asked: then that is known,
// and source says which it is.
func (c *Container) portOf(p *profile) (port int32, source string) {
	for i := range p.ports {
		s := &p.ports[i]
		port, present := c.portFrom(s)
		switch {
		case present && port == 0:
			return 0, s.Arg + s.Env
		case present:
			return port, ""
		}
	}
	for i := range p.detect {
		for _, port := range p.detect[i].Ports {
			if found, ok := c.declared(probe.Port{Number: port.IntVal, Name: port.StrVal}); ok {
				return found, ""
			}
		}
	}
	return 0, ""
}

// portFrom says whether a source is there, and which port it names: 0 where it names none that the kubelet could ask.
func (c *Container) portFrom(s *v1alpha1.PortSource) (port int32, present bool) {
	switch {
	case s.Arg != "":
		value, found := c.argument(s.Arg)
		return portOfAddress(value), found
	case s.Env != "" && !c.Env.Has(s.Env):
		return 0, false
	case s.Env != "":
		value, literal := c.Env.Value(s.Env)
		switch {
		case !literal:
			return 0, true
		case s.Number != 0:
			return s.Number, value == s.Value
		}
		first, _, _ := strings.Cut(value, ";")
		return portNumber(first), true
	default:
		return c.declared(probe.Port{Number: s.Number, Name: s.Name})
	}
}

// portOfAddress is the port of an address such as :8081, 0.0.0.0:8081 or a bare number. The kubelet asks the Pod's
// address, at which a server that listens on loopback is not heard.
func portOfAddress(address string) int32 {
	host, port, found := strings.Cut(address, ":")
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		host, port = address[:i], address[i+1:]
	}
	switch {
	case !found:
		return portNumber(address)
	case host == "localhost", host == "[::1]", strings.HasPrefix(host, "127."):
		return 0
	}
	// Traefik writes :8080/tcp.
	port, _, _ = strings.Cut(port, "/")
	return portNumber(port)
}

// declared gives the number of a TCP port that the container declares.
func (c *Container) declared(port probe.Port) (int32, bool) {
	for i := range c.Ports {
		if p := &c.Ports[i]; p.tcp() && p.is(port) {
			return p.ContainerPort, true
		}
	}
	return 0, false
}

// portNumber is a port as it is written, 0 where it is none.
func portNumber(text string) int32 {
	const maxPort = 65535
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || number < 0 || number > maxPort {
		return 0
	}
	return int32(number)
}
