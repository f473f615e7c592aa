package detect

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Software is what a container shows of the software that it runs. The zero value is unknown software.
type Software struct {
	// Profile is the name of the profile that describes the software; empty when it is unknown.
	Profile string
	// Evidence is what it was detected by.
	Evidence Evidence
	// CommandOverridden reports that the image is known and the command is another: the container may be a client.
	CommandOverridden bool
}

// detector is one way to detect a profile's software.
type detector struct {
	*v1alpha1.Detection
	profile string
	// order is the place among all: the first that matches counts.
	order int
}

// Detectors are the ways to detect software, an admin's before the built-in ones. A review looks only at those that could
// match its image. The zero value detects nothing.
type Detectors struct {
	// byImage are those that name images in full, by the last segment of each name.
	byImage map[string][]detector
	others  []detector
	count   int
}

// Add appends the ways to detect the software of a profile.
func (d *Detectors) Add(profile string, detections []v1alpha1.Detection) {
	if d.byImage == nil {
		d.byImage = map[string][]detector{}
	}
	for i := range detections {
		each := detector{Detection: &detections[i], profile: profile, order: d.count}
		d.count++
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
// overrides the image's command, and is the answer only if no later way matches without that doubt.
func (d *Detectors) Detect(c *workload.Container, img *Image) Software {
	var software Software
	d.candidates(img, func(candidate *detector) bool {
		if !matches(candidate.Detection, c, img) {
			return false
		}
		overridden := len(candidate.Images) > 0 && len(candidate.Args) == 0 && len(c.Command) > 0
		if software.Profile == "" || !overridden {
			software = Software{Profile: candidate.profile, Evidence: evidenceOf(candidate.Detection, c), CommandOverridden: overridden}
		}
		return !overridden
	})
	return software
}

// evidenceOf is what a matching detection has seen.
func evidenceOf(d *v1alpha1.Detection, c *workload.Container) Evidence {
	switch {
	case len(d.Args) > 0:
		return Evidence{EvidenceArgument, d.Args[0]}
	case len(d.Images) > 0:
		return Evidence{EvidenceImage, c.Image}
	}
	return Evidence{EvidenceVariable, d.Env[0].Name}
}

// matches reports whether everything holds that a detection requires; the container's command is not looked at. Cheap
// comparisons come first: a review goes through many detections.
func matches(d *v1alpha1.Detection, c *workload.Container, img *Image) bool {
	switch {
	case len(d.Ports) > 0 && !slices.ContainsFunc(d.Ports, func(port intstr.IntOrString) bool { return declaresPort(c, port) }),
		len(d.Images) > 0 && !img.IsNamed(d.Images),
		len(d.Publishers) > 0 && !img.isBelow(d.Publishers),
		!img.isWithin(d.MinMajor, d.MaxMajor):
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
