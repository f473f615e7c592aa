package check

import (
	"slices"

	yamlnode "go.yaml.in/yaml/v3"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// unread finds keys that nobody reads: those in a wrong place, and those whose domain is misspelt. A key that the Pod has where it
// belongs is no mistake: tools put the same annotations on everything.
func (c *checking) unread() {
	for _, place := range c.w.Misplaced {
		c.misplaced(place)
	}
	for steps := range len(c.w.Template) + 1 {
		c.misspelt(c.w.Template[:steps].With("metadata", "annotations"))
	}
}

func (c *checking) misplaced(place shape.Place) {
	at, key := place[:len(place)-1], place[len(place)-1].(string) //nolint:forcetypeassert // the name of a key
	right := c.w.InPod("metadata", "annotations").String()
	severity := finding.Error
	message := key + " has no effect here: move it to " + right
	if at[len(at)-1] == "labels" {
		value := c.valueAt(place)
		inPod := slices.Equal(at, c.w.Template.With("metadata", "labels"))
		switch {
		case key == policy.InjectLabel && (c.file.Registration.RequireLabel && !c.file.LacksLabel(c.w.Pod) || value == "true" && c.asked):
			// It says nothing that the Pod does not: tools put labels on everything.
			return
		case key != policy.InjectLabel && inPod && c.asked:
			// The engine says it of the Pod.
			return
		case key == policy.InjectLabel:
			severity = finding.Warning
		}
		message = "label " + key + " has no effect: write it in " + right
	}
	if c.repeated(key, place) {
		return
	}
	c.addKey(Misplaced, severity, place, message)
}

// misspelt finds annotations whose domain was meant to be ours.
func (c *checking) misspelt(at shape.Place) {
	_, annotations := c.w.Document.Find(c.w.Place.With(at...))
	if annotations == nil || annotations.Kind != yamlnode.MappingNode {
		return
	}
	for i := 0; i < len(annotations.Content); i += 2 {
		if key := annotations.Content[i].Value; annotation.IsMisspelt(key) {
			c.addKey(string(reason.InvalidAnnotation), finding.Error, at.With(key), key+" has no effect: the domain is "+annotation.Domain)
		}
	}
}

// valueAt is the text at a place of the object.
func (c *checking) valueAt(place shape.Place) string {
	if _, value := c.w.Document.Find(c.w.Place.With(place...)); value != nil {
		return value.Value
	}
	return ""
}

// repeated reports whether the Pod says the same where it is read.
func (c *checking) repeated(key string, place shape.Place) bool {
	said, has := c.w.Pod.Annotations()[key]
	return has && said == c.valueAt(place)
}

func (c *checking) addKey(id string, severity finding.Severity, place shape.Place, message string) {
	c.add(finding.Finding{
		ID: id, Severity: severity, Workload: c.w.Ref(), Position: c.w.Position(place), Field: place.Path().String(),
		Message: message,
	})
}
