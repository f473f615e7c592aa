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

// recognise finds the first profile whose detection fits the container: an admin's before the built-in ones. Where only
// the command speaks against a profile, that is remembered, because such a container is no stranger either.
func (p *Policy) recognise(c *Container) recognised {
	var overridden recognised
	img := parseImage(c.Image, p.imageMirrors)
	for _, candidate := range p.detectable {
		for i := range candidate.detect {
			d := &candidate.detect[i]
			if !c.fits(d, img) {
				continue
			}
			found := recognised{profile: candidate, by: evidenceOf(d), detail: seen(d, c)}
			if len(d.Images) == 0 || len(d.Args) > 0 || len(c.Command) == 0 {
				return found
			}
			if overridden.profile == nil {
				found.overridden = true
				overridden = found
			}
		}
	}
	return overridden
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

// fits says whether everything holds that a detection asks for, but for the container's command.
func (c *Container) fits(d *v1alpha1.Detection, img image) bool {
	switch {
	case len(d.Images) > 0 && !img.isNamed(d.Images),
		len(d.Publishers) > 0 && !img.isBelow(d.Publishers),
		!img.isWithin(d.MinMajor, d.MaxMajor),
		len(d.Ports) > 0 && !slices.ContainsFunc(d.Ports, c.declaresPort):
		return false
	}
	for _, name := range d.Args {
		if _, ok := c.argument(name); !ok {
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

// portOf finds the port of a profile in a container: by the profile's sources, then by its detection's ports. False
// means that the container's own ports decide.
func (c *Container) portOf(p *profile) (int32, bool) {
	for i := range p.ports {
		if port, ok := c.portFrom(&p.ports[i]); ok {
			return port, true
		}
	}
	for i := range p.detect {
		for _, port := range p.detect[i].Ports {
			if found, ok := c.declared(probe.Port{Number: port.IntVal, Name: port.StrVal}); ok {
				return found, true
			}
		}
	}
	return 0, false
}

func (c *Container) portFrom(s *v1alpha1.PortSource) (int32, bool) {
	switch {
	case s.Arg != "":
		value, _ := c.argument(s.Arg)
		return portNumber(value[strings.LastIndexByte(value, ':')+1:])
	case s.Env != "":
		value, ok := c.Env.Value(s.Env)
		if s.Number != 0 {
			return s.Number, ok && value == s.Value
		}
		first, _, _ := strings.Cut(value, ";")
		return portNumber(first)
	default:
		return c.declared(probe.Port{Number: s.Number, Name: s.Name})
	}
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

func portNumber(text string) (int32, bool) {
	const maxPort = 65535
	number, err := strconv.ParseInt(text, 10, 32)
	return int32(number), err == nil && number > 0 && number <= maxPort
}
