package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// hintedClass is the timing class that the container's variables or its image suggest. A hint never shortens the start
// that unknown software gets: a variable may have been left over from something else.
func (p *Policy) hintedClass(c *Container) (timing.Class, bool) {
	img := parseImage(c.Image, p.imageMirrors)
	i := slices.IndexFunc(p.classHints, func(h catalogue.ClassHint) bool {
		return img.isNamed(h.Images) || slices.ContainsFunc(h.Env, c.Env.Has)
	})
	if i < 0 {
		return timing.Class{}, false
	}
	class, ok := timing.ClassByName(p.classHints[i].Class)
	class.StartupBudget = max(class.StartupBudget, p.generic.StartupBudget)
	return class, ok
}
