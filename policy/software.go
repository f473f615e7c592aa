package policy

import (
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// software is what is known of the software in a container. The zero value is unknown software.
type software struct {
	// profile describes the container: the one that a key or the rule names, else detected. nil where there is none.
	profile *profile
	// detected is the profile of the software that the container shows, by evidence; nil where another is named.
	detected *profile
	evidence detect.Evidence
	// matched is the way by which it was detected.
	matched *v1alpha1.Detection
	// commandOverridden is the profile of an image whose command is another, so that it may be a client: nothing of the
	// profile holds for it. Empty where there is none.
	commandOverridden string
}

// named is the software of a container that nobody looks at more closely: the profile that was named, if one was.
func (p *Policy) named(ask *containerAsk) software { return software{profile: ask.profile} }

// softwareOf finds out what a container runs, unless a profile is named.
func (p *Policy) softwareOf(ask *containerAsk) software {
	if ask.profile != nil {
		return p.named(ask)
	}
	img := detect.ParseImage(ask.container.Image, p.imageMirrors)
	found := p.detectors.Detect(ask.container, &img)
	if found.CommandOverridden {
		return software{commandOverridden: found.Profile}
	}
	detected := p.profiles[found.Profile]
	return software{profile: detected, detected: detected, evidence: found.Evidence, matched: found.Matched}
}

// detections are the ways to detect the software that may say which port it has: the one that matched, and where the profile
// was named, all of its.
func (s *software) detections() []v1alpha1.Detection {
	if s.matched == nil {
		return s.profile.detect
	}
	return []v1alpha1.Detection{*s.matched}
}

// hintedImages are the last segments of the images that hints name. A hint names none with a star.
func hintedImages(hints []catalogue.ClassHint) map[string]bool {
	images := map[string]bool{}
	for _, hint := range hints {
		for _, pattern := range hint.Images {
			images[detect.LastSegment(pattern)] = true
		}
	}
	return images
}

// settled puts the handler of a profile where the settings of the container have put what it asks. Where they hide the
// path, what is left is the port.
func (c *chooser) settled(p *profile, h probe.Handler) (probe.Handler, refusal) {
	place := detect.PlaceOf(c.ask.container, p.settings)
	for _, setting := range [...]string{place.Off, place.Unreachable} {
		if setting != "" && h.OverNetwork() {
			return h, refusal{reason.Moved, setting}
		}
	}
	moved, ok := place.Move(h)
	if !ok {
		moved = probe.Handler{Scheme: probe.TCP, Port: h.Port}
	}
	return c.resolve(moved, useProfile)
}
