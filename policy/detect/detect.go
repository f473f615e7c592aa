package detect

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/version"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Software is what a container shows of the software that it runs. The zero value is unknown software.
type Software struct {
	// Profile is the name of the profile that describes the software; empty when it is unknown.
	Profile string
	// Evidence is what it was detected by.
	Evidence Evidence
	// Matched is the way that matched; nil when the software is unknown.
	Matched *v1alpha1.Detection
	// CommandOverridden reports that the image is known and the command is another: the container may be a client.
	CommandOverridden bool
}

// detector is one way to detect a profile's software.
type detector struct {
	*v1alpha1.Detection
	profile     *v1alpha1.Profile
	least, most version.Version
	// order is the place among all: the first that matches counts.
	order int
}

// Detectors are the ways to detect software, an admin's before the built-in ones. A review looks only at those that could
// match its image. The zero value detects nothing.
type Detectors struct {
	// byImage are those that name images in full, by the last segment of each name.
	byImage map[string][]detector
	others  []detector
	// byPort are those that only a port speaks for. They count after all others.
	byPort []detector
	count  int
	// sharedPorts are numbers that software of every kind has: they are nobody's own.
	sharedPorts []int32
	// clients are programs that ask a server and are none.
	clients []string
}

// NewDetectors is without ways to detect anything. The numbers are those of ports that software of every kind has,
// the clients programs that ask a server and are none.
func NewDetectors(sharedPorts []int32, clients []string) Detectors {
	return Detectors{byImage: map[string][]detector{}, sharedPorts: sharedPorts, clients: clients}
}

// Add appends the ways to detect the software of a profile.
func (d *Detectors) Add(p *v1alpha1.Profile) {
	if d.byImage == nil {
		d.byImage = map[string][]detector{}
	}
	for i := range p.Detect {
		each := newDetector(p, &p.Detect[i], d.count)
		d.count++
		if each.PortAlone {
			d.byPort = append(d.byPort, each)
			continue
		}
		open := func(pattern string) bool { return strings.Contains(pattern, "*") }
		if len(each.Images) == 0 || slices.ContainsFunc(each.Images, open) {
			d.others = append(d.others, each)
			continue
		}
		var names []string
		for _, pattern := range each.Images {
			if name := LastSegment(pattern); !slices.Contains(names, name) {
				names = append(names, name)
				d.byImage[name] = append(d.byImage[name], each)
			}
		}
	}
}

func newDetector(profile *v1alpha1.Profile, d *v1alpha1.Detection, order int) detector {
	// Bounds are validated; one that is absent is the zero value, which holds always.
	least, _ := version.Parse(d.MinVersion)
	most, _ := version.Parse(d.MaxVersion)
	return detector{Detection: d, profile: profile, least: least, most: most, order: order}
}

// candidates visits the ways that could match an image, in their order, until one is taken.
func (d *Detectors) candidates(img *Image, take func(*detector) bool) {
	named, others := d.byImage[img.Last], d.others
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

// Detect finds the first way that matches the container, whose image is img. A match by image is set aside if the container
// overrides the image's command by something else, and is the answer only if no later way matches without that doubt.
func (d *Detectors) Detect(c *workload.Container, img *Image) Software {
	var software Software
	take := func(candidate *detector) bool {
		if !candidate.matches(c, img) {
			return false
		}
		if place := PlaceOf(c, candidate.profile.Settings); place.Off != "" {
			return false
		}
		overridden := len(candidate.Images) > 0 && len(candidate.Args) == 0 && d.isOverridden(candidate, c, img)
		if software.Profile == "" || !overridden {
			software = Software{Profile: candidate.profile.Name, Evidence: evidenceOf(candidate.Detection, c), Matched: candidate.Detection, CommandOverridden: overridden}
		}
		return !overridden
	}
	d.candidates(img, take)
	for i := 0; i < len(d.byPort) && software.Profile == ""; i++ {
		take(&d.byPort[i])
	}
	return software
}

// isOverridden reports whether the container has a command of its own that does not start the software, as far as one
// can see: it may be a client. A declared port that no other software uses proves that it is a server, unless the
// program is known for asking one.
func (d *Detectors) isOverridden(candidate *detector, c *workload.Container, img *Image) bool {
	if len(c.Command) == 0 || runsScriptOfImage(c) {
		return false
	}
	programs := c.Programs()
	if slices.ContainsFunc(programs, func(program string) bool { return program == img.Last || isNamedAfter(program, candidate.profile) }) {
		return false
	}
	isClient := func(program string) bool {
		return slices.ContainsFunc(d.clients, func(pattern string) bool { return fits(pattern, program) })
	}
	return !d.declaresOwnPort(candidate.profile, c) || slices.ContainsFunc(programs, isClient)
}

// isNamedAfter reports whether a program is one of the profile's own.
func isNamedAfter(program string, p *v1alpha1.Profile) bool {
	return slices.ContainsFunc(p.Programs, func(pattern string) bool { return fits(pattern, program) }) ||
		slices.ContainsFunc(p.Detect, func(each v1alpha1.Detection) bool {
			return slices.ContainsFunc(each.Images, func(pattern string) bool { return LastSegment(pattern) == program })
		})
}

// runsScriptOfImage reports whether the command is the image's own entry point, by the places where publishers put it.
func runsScriptOfImage(c *workload.Container) bool {
	programs := c.Programs()
	last := programs[max(0, len(programs)-1):]
	return strings.HasPrefix(c.Command[0], "/opt/bitnami/scripts/") || (len(last) == 1 && last[0] == "docker-entrypoint.sh")
}

// declaresOwnPort reports whether the container declares a port by the number that the profile knows it by.
func (d *Detectors) declaresOwnPort(p *v1alpha1.Profile, c *workload.Container) bool {
	own := func(number int32) bool {
		return number != 0 && !slices.Contains(d.sharedPorts, number) && c.Declares(probe.Port{Number: number})
	}
	return slices.ContainsFunc(p.Ports, func(s v1alpha1.PortSource) bool { return own(s.Number) }) ||
		slices.ContainsFunc(p.Detect, func(each v1alpha1.Detection) bool {
			return slices.ContainsFunc(each.Ports, func(port intstr.IntOrString) bool { return own(port.IntVal) })
		})
}

// evidenceOf is what a matching detection has seen.
func evidenceOf(d *v1alpha1.Detection, c *workload.Container) Evidence {
	switch {
	case len(d.Args) > 0:
		return Evidence{EvidenceArgument, d.Args[0]}
	case len(d.Images) > 0:
		return Evidence{EvidenceImage, c.Image}
	case d.PortAlone:
		return Evidence{EvidenceOwnPort, declaredOf(d, c)}
	}
	return Evidence{EvidenceVariable, d.Env[0].Name}
}

// matches reports whether everything holds that a detector requires; the container's command is not looked at. Cheap
// comparisons come first: a review goes through many detections.
func (d *detector) matches(c *workload.Container, img *Image) bool {
	switch {
	case len(d.Ports) > 0 && !slices.ContainsFunc(d.Ports, func(port intstr.IntOrString) bool { return declaresPort(c, port) }),
		len(d.Images) > 0 && !img.IsNamed(d.Images),
		len(d.Publishers) > 0 && !img.isBelow(d.Publishers),
		!img.isWithin(d.least, d.most):
		return false
	}
	for _, name := range d.Args {
		if value, ok := c.Argument(name); !ok || value == "false" {
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

func declaresPort(c *workload.Container, port intstr.IntOrString) bool {
	return c.Declares(probe.Port{Number: port.IntVal, Name: port.StrVal})
}

// declaredOf is the first of a detection's ports that the container declares.
func declaredOf(d *v1alpha1.Detection, c *workload.Container) string {
	for _, port := range d.Ports {
		if declaresPort(c, port) {
			return port.String()
		}
	}
	return ""
}
