package corpus

import (
	"fmt"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Mode is how the templates ask.
type Mode struct {
	// Name is what the tables call it.
	Name string
	// Policy is the policy file, Annotations what the template carries, Group the group of rules by which it comes.
	Policy      string
	Annotations map[string]string
	Group       string
}

const header = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec:\n"

// Modes are the ways that are compared: a template that asks for both probes, and one that a rule meets.
func Modes() []Mode {
	return []Mode{
		{Name: `inject: "true"`, Policy: header + "  mode: Inject\n", Annotations: map[string]string{annotationInject: "true"}},
		{Name: "a rule", Policy: header + "  rules:\n  - name: all\n    probes: [readiness, liveness]\n", Group: "all"},
	}
}

const annotationInject = "probe-injector.dev/inject"

// Verdict says how a probe of ours compares with the author's.
type Verdict string

// The verdicts.
const (
	// Same: scheme, port and path are the author's.
	Same Verdict = "same"
	// Weaker: a bare connection to the author's port.
	Weaker Verdict = "tcp on the author's port"
	// OtherPath and OtherScheme ask the author's port otherwise.
	OtherPath   Verdict = "other path"
	OtherScheme Verdict = "other scheme"
	// OtherPort asks another port: each may fail on a healthy container, and is read.
	OtherPort Verdict = "other port"
	// OffNetwork: the author runs a command where we ask a port, or the reverse.
	OffNetwork Verdict = "a command on one side"
	// Missing: the author has the probe, and we inject none.
	Missing Verdict = "missing"
	// Extra: we inject a probe that the author does not have, in a container that he probes.
	Extra Verdict = "extra"
)

// Verdicts are all of them, in the order of the tables.
func Verdicts() []Verdict {
	return []Verdict{Same, Weaker, OtherPath, OtherScheme, OtherPort, OffNetwork, Missing, Extra}
}

// Row is one probe that the author has, or that we inject.
type Row struct {
	Template  *Template
	Container *Container
	Kind      probe.Kind
	Ours      probe.Handler
	Author    probe.Handler
	Verdict   Verdict
	// Reason is why a missing probe is missing.
	Reason reason.Reason
	// Shorter reports that liveness ends the start before the author's, or tolerates less than half.
	Shorter bool
}

// Comparison is what one mode makes of all templates.
type Comparison struct {
	Mode Mode
	Rows []Row
	// WrongContainer are the templates whose probes are all in containers that the author does not probe.
	WrongContainer []*Template
}

// Compare asks the engine about each template without its probes.
func Compare(mode Mode, all []Template) (*Comparison, error) {
	engine, err := policy.Parse([]byte(mode.Policy), "v0.0.0")
	if err != nil {
		return nil, err
	}
	out := &Comparison{Mode: mode}
	for i := range all {
		t := &all[i]
		pod, err := t.pod(mode.Annotations)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", t.Source, t.Name, err)
		}
		d := engine.Decide(policy.Subject{Pod: pod, Route: policy.Route{Group: mode.Group}})
		if err := out.compare(t, &d); err != nil {
			return nil, fmt.Errorf("%s %s: %w", t.Source, t.Name, err)
		}
	}
	return out, nil
}

func (c *Comparison) compare(t *Template, d *policy.Decision) error {
	ours := map[string]probe.Map[policy.Injection]{}
	for _, in := range d.Injections {
		of := ours[in.Container.Name]
		of.Set(in.Kind, in)
		ours[in.Container.Name] = of
	}
	onProbed := false
	for i := range t.Containers {
		each := &t.Containers[i]
		if each.Liveness == "" && each.Readiness == "" && each.Startup == "" {
			continue
		}
		of := ours[each.Name]
		onProbed = onProbed || of.Len() > 0
		for _, kind := range []probe.Kind{probe.Readiness, probe.Liveness} {
			row, told, err := compareProbe(each, kind, &of)
			if err != nil {
				return err
			}
			if told {
				row.Template, row.Reason = t, whyMissing(d, each.Name, kind, row.Verdict)
				c.Rows = append(c.Rows, row)
			}
		}
	}
	if len(ours) > 0 && !onProbed {
		c.WrongContainer = append(c.WrongContainer, t)
	}
	return nil
}

// compareProbe compares one probe, if there is one on either side.
func compareProbe(c *Container, kind probe.Kind, ours *probe.Map[policy.Injection]) (Row, bool, error) {
	author, has, err := c.author(kind)
	in, injected := ours.Get(kind)
	row := Row{Container: c, Kind: kind, Ours: in.Handler, Author: author}
	switch {
	case !has && !injected:
		return row, false, err
	case !has:
		row.Verdict = Extra
	case !injected:
		row.Verdict = Missing
	default:
		row.Verdict = verdict(in.Handler, author)
		row.Shorter = kind == probe.Liveness && isShorter(c, &in)
	}
	return row, true, err
}

func verdict(ours, author probe.Handler) Verdict {
	switch {
	case ours.Scheme == author.Scheme && ours.Port == author.Port && ours.Path == author.Path && ours.Service == author.Service && ours.OverNetwork():
		return Same
	case !ours.OverNetwork() || !author.OverNetwork():
		return OffNetwork
	case ours.Port != author.Port:
		return OtherPort
	case ours.Scheme == probe.TCP:
		return Weaker
	case ours.Scheme != author.Scheme:
		return OtherScheme
	}
	return OtherPath
}

// isShorter reports whether an injected liveness probe, with the startup probe beside it, is less patient than the author's.
func isShorter(c *Container, in *policy.Injection) bool {
	starts := max(in.Timeline.Startup.EarliestAct(), in.Timeline.Liveness.EarliestAct())
	return starts < c.Starts-1 || in.Timing().Tolerance()*2 < c.Tolerates
}

func whyMissing(d *policy.Decision, container string, kind probe.Kind, v Verdict) reason.Reason {
	if v != Missing {
		return ""
	}
	for _, s := range d.Skips {
		if (s.Container == container || s.Container == "") && (s.Kind == kind || s.Kind == "") {
			return s.Reason
		}
	}
	return "another container"
}
