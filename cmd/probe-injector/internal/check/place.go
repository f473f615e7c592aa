package check

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// placeOf is where in the Pod stands what a notice is about: the key, the probe that is written there, the key that asks for the
// probe, or else the container.
func (c *checking) placeOf(n *policy.Notice) shape.Place {
	switch {
	case n.Key != "" && n.IsLabel:
		return shape.Members("metadata", "labels", n.Key)
	case n.Key != "":
		return keyPlace(n.Key)
	}
	own, at := c.container(n.Container)
	if n.OfProbe && own != nil {
		for _, kind := range n.Kinds {
			if own.Probe(kind) != nil {
				return at.With(kind.FieldName())
			}
		}
	}
	if key := c.askingKey(n); key != "" {
		return keyPlace(key)
	}
	return at
}

func keyPlace(key string) shape.Place { return shape.Members("metadata", "annotations", key) }

// container finds a container as it was written, and its place. There is none for the whole Pod.
func (c *checking) container(name string) (*workload.Container, shape.Place) {
	for _, list := range []struct {
		name       string
		containers []workload.Container
	}{{"containers", c.w.Pod.Spec.Containers}, {"initContainers", c.w.Pod.Spec.InitContainers}} {
		i := slices.IndexFunc(list.containers, func(each workload.Container) bool { return each.Name == name })
		if name != "" && i >= 0 {
			return &list.containers[i], shape.Members("spec", list.name).With(i)
		}
	}
	return nil, nil
}

// askingKey is the annotation that asks for what a notice is about, the most specific one; empty where a rule does.
func (c *checking) askingKey(n *policy.Notice) string {
	kinds := n.Kinds
	if slices.Contains(kinds, probe.Startup) {
		// It comes along with liveness.
		kinds = append(slices.Clone(kinds), probe.Liveness)
	}
	var words []string
	for _, kind := range kinds {
		words = append(words, string(kind))
	}
	words = append(words, string(annotation.Inject), string(annotation.Profile))
	if len(kinds) == 0 {
		words = append(words, string(probe.Liveness), string(probe.Readiness), string(probe.Startup))
	}
	annotations := c.w.Pod.Annotations()
	for _, word := range words {
		for _, container := range []string{n.Container, ""} {
			if key := annotation.Key(container, word); annotations[key] != "" {
				return key
			}
		}
	}
	if n.OfProbe {
		return ""
	}
	// These keys alone ask for nothing: the first of them.
	first := ""
	for key := range annotations {
		if annotation.Asks(key) && (first == "" || key < first) {
			first = key
		}
	}
	return first
}
