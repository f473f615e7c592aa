package policy

import (
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// place is how likely it is that a Pod is there for a container. Of the containers of a Pod, those in the best place that
// any of them has are the candidates for the main one: a container that is alone is nobody's sidecar.
type place int

// The places, the best first.
const (
	placeMain place = iota
	placeCompanion
	placeHelper
	placeInjected
)

// sidecars know the place of a container by its name or its image. It is safe for concurrent use.
type sidecars struct {
	names  map[string]place
	images []sidecarImages
	// byImage are the places of images that are named in full, by the last segment.
	byImage map[string][]sidecarImages
}

// sidecarImages are images whose containers are in one place.
type sidecarImages struct {
	place    place
	patterns []string
}

// newSidecars takes those of the catalogue, and the names that an admin adds.
func newSidecars(known []catalogue.Sidecars, added []string) sidecars {
	places := map[catalogue.SidecarKind]place{
		catalogue.Injected: placeInjected, catalogue.Helper: placeHelper, catalogue.Companion: placeCompanion,
	}
	s := sidecars{names: map[string]place{}, byImage: map[string][]sidecarImages{}}
	for i := range known {
		at := places[known[i].Kind]
		for _, name := range known[i].Names {
			s.names[name] = at
		}
		open := sidecarImages{place: at}
		for _, pattern := range known[i].Images {
			if strings.Contains(pattern, "*") {
				open.patterns = append(open.patterns, pattern)
				continue
			}
			last := detect.LastSegment(pattern)
			s.byImage[last] = append(s.byImage[last], sidecarImages{at, []string{pattern}})
		}
		s.images = append(s.images, open)
	}
	for _, name := range added {
		s.names[name] = placeInjected
	}
	return s
}

// placeOf is the place of a container.
func (p *Policy) placeOf(c *workload.Container) place {
	if at, known := p.sidecars.names[c.Name]; known {
		return at
	}
	img := detect.ParseImage(c.Image, p.imageMirrors)
	fits := func(s sidecarImages) bool { return img.IsNamed(s.patterns) }
	for _, each := range [...][]sidecarImages{p.sidecars.byImage[img.Last], p.sidecars.images} {
		if i := slices.IndexFunc(each, fits); i >= 0 {
			return each[i].place
		}
	}
	return placeMain
}

// IsSidecar reports whether the Pod has a container that it is rather there for. A native sidecar is one by its place alone
// only where it is known.
func (p *Policy) IsSidecar(pod *workload.Pod, c *workload.Container, native bool) bool {
	containers := pod.Spec.Containers
	if len(containers) == 1 && !native {
		return false
	}
	at := p.placeOf(c)
	if at == placeMain {
		return false
	}
	if native || at == placeInjected {
		return true
	}
	return slices.ContainsFunc(containers, func(c workload.Container) bool { return p.placeOf(&c) < at })
}

// isSidecar reports whether a container that was asked about is a sidecar.
func isSidecar(g *gated) bool { return g.policy.IsSidecar(g.pod.Pod, g.ask.container, g.ask.native) }

// isInjectedSidecar reports whether a container is a sidecar that brings its own probes.
func isInjectedSidecar(g *gated) bool {
	return isSidecar(g) && g.policy.placeOf(g.ask.container) == placeInjected
}
