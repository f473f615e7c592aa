package preflight

import (
	"slices"
	"strconv"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// unread is one key that nobody reads where it stands.
type unread struct {
	place shape.Place
	key   string
	// value is what it says.
	value string
	// begin and end are the sentence around the key.
	begin, end string
	// misplaced reports that it is a key of ours in a place where nothing reads it.
	misplaced bool
}

// unreads are those of one object, in the order in which they matter.
type unreads []unread

// unread finds the keys that nobody reads: what the Pods need in order to be seen at all, misplaced keys, misspelt ones,
// and the label probe-injector.dev/inject, which only counts with RequireLabel. A key that the template repeats where it
// belongs is no mistake: tools put the same annotations on everything.
func (c *Change) unread(o Options) unreads {
	found := c.missingLabel(o)
	found = append(found, c.misplaced(o)...)
	return append(found, c.misspelt()...)
}

// missingLabel is what keeps the Pods of a template that asks from being seen.
func (c *Change) missingLabel(o Options) unreads {
	if !c.lacksLabel(o) || !policy.Asks(c.Object.Template) {
		return nil
	}
	return unreads{{
		key: policy.InjectLabel, begin: "no probes: webhook.requireLabel needs the label ",
		end: `: "true" in ` + c.templatePlace().With("metadata", "labels").Path().String(),
	}}
}

// misplaced finds keys of ours on the metadata of the object and of a CronJob's Jobs, and among labels.
func (c *Change) misplaced(o Options) unreads {
	right := c.templatePlace().With("metadata", "annotations")
	asked := policy.Asks(c.Object.Template)
	var annotations, labels unreads
	for _, place := range policy.Misplaced(c.Object.metadata(c.Form), c.templatePlace()) {
		at, key := place[:len(place)-1], place[len(place)-1].(string) //nolint:forcetypeassert // the name of a key
		isLabel, inTemplate := at[len(at)-1] == "labels", len(at) == len(right)
		value := c.Object.at(c.Form, at)[key]
		switch {
		case c.repeated(key, value):
		case isLabel && key == policy.InjectLabel && c.meansNothingMore(value, o):
		case isLabel && inTemplate && asked && key != policy.InjectLabel:
			// The engine says it of the Pod.
		case isLabel:
			labels = append(labels, unread{
				place: place, key: key, value: value, misplaced: key != policy.InjectLabel,
				begin: "label ", end: " has no effect: write it in " + c.placeOfLabel(key, right, o),
			})
		default:
			annotations = append(annotations, unread{
				place: place, key: key, value: value, misplaced: true, end: " has no effect here: move it to " + right.Path().String(),
			})
		}
	}
	return append(annotations, labels...)
}

// placeOfLabel is where a label belongs: among the annotations, but for the one that RequireLabel asks for.
func (c *Change) placeOfLabel(key string, right shape.Place, o Options) string {
	if key == policy.InjectLabel && o.RequireLabel {
		return c.templatePlace().With("metadata", "labels").Path().String()
	}
	return right.Path().String()
}

// repeated reports whether the template says the same where it is read.
func (c *Change) repeated(key, value string) bool {
	said, ok := annotationsOf(c.Object.Template.Metadata)[key]
	return ok && said == value
}

// meansNothingMore reports whether the label probe-injector.dev/inject says nothing that the template does not: tools put
// labels on everything.
func (c *Change) meansNothingMore(value string, o Options) bool {
	_, labelled := labelsOf(c.Object.Template.Metadata)[policy.InjectLabel]
	return (o.RequireLabel && labelled) || (value == "true" && policy.Asks(c.Object.Template))
}

// misspelt finds annotations whose domain was meant to be ours.
func (c *Change) misspelt() unreads {
	var found unreads
	for _, at := range c.Object.places(c.Form) {
		all := c.Object.at(c.Form, at)
		var keys []string
		for key := range all {
			if annotation.IsMisspelt(key) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			found = append(found, unread{
				place: at.With(key), key: key, value: all[key], end: " has no effect: the domain is " + annotation.Domain,
			})
		}
	}
	return found
}

// sentence says the first, and how many more there are.
func (all unreads) sentence() string {
	first := &all[0]
	end := first.end
	if len(all) > 1 {
		end += " (and " + strconv.Itoa(len(all)-1) + " more)"
	}
	room := longestSentence - len(first.begin) - len(end)
	return first.begin + text.Truncate(text.ASCII(first.key), max(room, shortestKey), "...") + end
}

// longestSentence fits behind the longest prefix of usual kinds; shortestKey is what is left of a key at least.
const (
	longestSentence = MaxLineLength - maxName - len("statefulset/: ")
	shortestKey     = len(annotation.Domain) + len("/inject")
)

// places are where annotations stand in objects of a form that people may have meant for the Pods.
func (o *Object) places(form workload.Kind) []shape.Place {
	template := shape.Members(form.Template...)
	return []shape.Place{shape.Members("metadata", "annotations"), jobPlace().With("annotations"), template.With("metadata", "annotations")}
}

// jobPlace is where a CronJob has the metadata of its Jobs.
func jobPlace() shape.Place { return shape.Members("spec", "jobTemplate", "metadata") }

// at gives the labels or annotations at a place.
func (o *Object) at(form workload.Kind, place shape.Place) map[string]string {
	all, _ := place.In(o.metadata(form))
	found, _ := all.(map[string]string)
	return found
}

// metadata is all metadata of the object, in the shape that it has there.
func (o *Object) metadata(form workload.Kind) map[string]any {
	root := map[string]any{}
	put := func(at shape.Place, meta *workload.ObjectMeta) {
		if meta == nil {
			return
		}
		members := root
		for _, step := range at[:len(at)-1] {
			name := step.(string) //nolint:forcetypeassert // made of names
			below, ok := members[name].(map[string]any)
			if !ok {
				below = map[string]any{}
				members[name] = below
			}
			members = below
		}
		members["metadata"] = map[string]any{"annotations": meta.Annotations, "labels": meta.Labels}
	}
	put(shape.Members("metadata"), o.Metadata)
	put(jobPlace(), o.JobMetadata)
	if o.Template != nil {
		put(shape.Members(form.Template...).With("metadata"), o.Template.Metadata)
	}
	return root
}
