package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// classOf is the timing class of a container: that of the profile that describes it, else the one that its variables or
// its image suggest. A hint never shortens the start that unknown software gets: a variable may have been left over from
// something else. False means that nothing is known.
func (d *deciding) classOf(q *request) (timing.Class, bool) {
	if described := q.describedBy(); described != nil {
		return described.class, true
	}
	if len(q.container.Env) == 0 && !d.policy.hintedImages[d.imageOf(q).last] {
		return d.policy.generic, false
	}
	i := slices.IndexFunc(d.policy.classHints, func(h catalogue.ClassHint) bool {
		return d.imageOf(q).isNamed(h.Images) || slices.ContainsFunc(h.Env, q.container.Env.Has)
	})
	if i < 0 {
		return d.policy.generic, false
	}
	class, ok := timing.ClassByName(d.policy.classHints[i].Class)
	class.StartupBudget = max(class.StartupBudget, d.policy.generic.StartupBudget)
	return class, ok
}

// hintedImages are the last segments of the images that hints name. A hint names none with a star.
func hintedImages(hints []catalogue.ClassHint) map[string]bool {
	images := map[string]bool{}
	for _, hint := range hints {
		for _, pattern := range hint.Images {
			images[lastSegment(pattern)] = true
		}
	}
	return images
}
