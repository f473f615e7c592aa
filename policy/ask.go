package policy

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// asked is what a Pod's annotations, or the rule that matches it, ask for.
type asked struct {
	// optedIn reports that the Pod's own annotations ask; else the rule does.
	optedIn bool
	rule    *rule
	// containers are all that could have probes: regular containers, then native sidecars.
	containers []containerAsk
	// mistakes are what is wrong in the annotations, and refused what could not be given to a container.
	mistakes []mistake
	refused  []Skip
}

// mistake is what is wrong with an annotation.
type mistake struct {
	*field.Error
	// fact is its detail without any part of the annotation's value, for logs.
	fact string
}

// containerAsk is all that is asked of one container, merged from the layers of the precedence table.
type containerAsk struct {
	ref       ContainerRef
	container *workload.Container
	// native is a restartable init container, which runs beside the others.
	native bool

	// concerned reports that some key, or the rule, was meant for this container.
	concerned bool
	// inject is the switch; nil when nobody set it.
	inject *bool
	// profile is the one that a key or the rule names.
	profile *profile
	// handlers are the probes' own keys, wants what is asked for, by whatever.
	handlers  probe.Map[annotation.Ask]
	wants     probe.Map[struct{}]
	overrides overrides
	fields    probe.Map[timing.Fields]
	host      string
	// entries are what was set, so that a contradiction between two can name them.
	entries []*annotation.Entry

	// guessed reports that inject or a profile was meant for one of several containers, and guessedReadiness that what asks for
	// readiness was: this one is the first of them.
	guessed, guessedReadiness bool

	// suspect reports that a wrong key could have meant this container: no probe that kills is injected.
	suspect bool
	// The inputs of readiness that are wrong: no readiness that depends on them.
	blockedReadiness bool
	blockedInject    bool
	blockedProfile   bool
	blockedHost      bool
	// failed are the probes whose own key is wrong.
	failed probe.Map[struct{}]
}

// ask reads what is asked of each container: by the rule, or by the Pod's annotations.
func (p *Policy) ask(pod *podFacts, rule *rule) asked {
	if rule != nil {
		return p.askByRule(pod, rule)
	}
	m := p.newMerge(pod)
	m.mergeAll(annotation.Parse(pod.Annotations(), annotation.Limits{MaxStartupBudget: p.maxBudget}))
	m.out.optedIn = true
	if why := excludeFromProbes(pod); why.refuses() {
		m.out.refused = append(m.out.refused, why.skip("", ""))
		for i := range m.out.containers {
			m.out.containers[i].concerned = false
		}
	}
	for i := range m.out.containers {
		m.out.containers[i].settleWants()
	}
	return m.out
}

// askByRule is what the rule asks for, for the Pod's main container.
func (p *Policy) askByRule(pod *podFacts, rule *rule) asked {
	m := p.newMerge(pod)
	m.out.rule = rule
	if why := excludeFromRule(pod, rule); why.refuses() {
		m.out.containers = nil
		m.out.refused = []Skip{why.skip("", "")}
		return m.out
	}
	main, why := m.mainContainerOfRule()
	if main == nil {
		m.out.refused = []Skip{why.skip("", "")}
		return m.out
	}
	main.concerned = true
	main.profile = p.profiles[rule.Profile]
	for _, kind := range rule.Probes {
		main.wants.Set(kind, struct{}{})
	}
	return m.out
}

// settleWants works out which probes are asked for: by inject or a profile both of them, by its own key each.
func (a *containerAsk) settleWants() {
	for _, kind := range probe.Kinds() {
		_, own := a.handlers.Get(kind)
		if own || a.failed.Has(kind) || (a.wantsAll() && kind != probe.Startup) {
			a.wants.Set(kind, struct{}{})
		}
	}
}

// wantsAll reports whether inject or a profile asks for liveness and readiness.
func (a *containerAsk) wantsAll() bool { return (a.inject != nil && *a.inject) || a.profile != nil }

// merge turns the entries of one Pod into what is asked of its containers.
type merge struct {
	policy *Policy
	pod    *podFacts
	out    asked
	all    []*containerAsk
}

// newMerge begins with every container that could have probes, and nothing asked of it.
func (p *Policy) newMerge(pod *podFacts) *merge {
	total := len(pod.Spec.Containers) + len(pod.Spec.InitContainers)
	m := &merge{policy: p, pod: pod, all: make([]*containerAsk, 0, total)}
	m.out.containers = make([]containerAsk, 0, total)
	for i := range pod.Spec.Containers {
		m.add(&pod.Spec.Containers[i], ContainerRef{Index: i}, false)
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil && c.RestartsAlways() {
			m.add(c, ContainerRef{Index: i, Init: true}, true)
		}
	}
	return m
}

func (m *merge) add(c *workload.Container, ref ContainerRef, native bool) {
	ref.Name = c.Name
	m.out.containers = append(m.out.containers, containerAsk{ref: ref, container: c, native: native})
	m.all = append(m.all, &m.out.containers[len(m.out.containers)-1])
}

// mergeAll takes the keys of the main container first, so that a container's own keys override them.
func (m *merge) mergeAll(entries []annotation.Entry) {
	for _, own := range []bool{false, true} {
		for i := range entries {
			if (entries[i].Container != "") == own {
				m.merge(&entries[i])
			}
		}
	}
}

// merge gives one entry to the container that it means, or records why it cannot.
func (m *merge) merge(e *annotation.Entry) {
	if !e.Known() {
		m.mistake(e, mistake{e.Err, e.Fact}, m.all)
		return
	}
	target, candidates := m.targetOf(e)
	switch {
	case target.containerAsk == nil && e.Err != nil:
		m.mistake(e, mistake{e.Err, e.Fact}, candidates)
	case target.containerAsk == nil:
		// targetOf has recorded why.
	case e.Err != nil:
		target.concerned = true
		target.fail(e)
		m.mistake(e, mistake{e.Err, e.Fact}, m.couldMean(e, target.containerAsk))
	default:
		target.concerned = true
		target.guess(e, target.guessed)
		m.set(target.containerAsk, e)
	}
}

// guess records whether what asks for probes of the container was meant for it for certain. A key with the container's name
// comes later, and is certain.
func (a *containerAsk) guess(e *annotation.Entry, guessed bool) {
	switch {
	case e.Word == annotation.Inject, e.Word == annotation.Profile:
		a.guessed, a.guessedReadiness = guessed, guessed
	case e.Kind == probe.Readiness && e.Field == "":
		a.guessedReadiness = guessed
	}
}

// couldMean gives the containers that an unreadable value could have meant: a handler names a port, and a port
// chooses among containers unless the main container is named.
func (m *merge) couldMean(e *annotation.Entry, target *containerAsk) []*containerAsk {
	namesPort := e.Field == "" && e.Kind != ""
	if e.Container != "" || !namesPort || m.defaultContainer() != "" {
		return []*containerAsk{target}
	}
	return m.regular()
}

// mistake records what is wrong, and that the containers it could concern are suspect.
func (m *merge) mistake(e *annotation.Entry, wrong mistake, concerned []*containerAsk) {
	m.out.mistakes = append(m.out.mistakes, wrong)
	m.suspect(e, concerned)
}

// suspect records what a wrong key costs the containers that it could concern.
func (m *merge) suspect(e *annotation.Entry, concerned []*containerAsk) {
	for _, a := range concerned {
		a.suspect = true
		switch {
		case e.Kind == probe.Readiness, e.Word == annotation.UnreadyAfter:
			a.blockedReadiness = true
		case e.Word == annotation.Inject:
			a.blockedInject = true
			// Whoever wrote "off" wants hands off, which always wins.
			a.blockedReadiness = a.blockedReadiness || !e.Switch
		case e.Word == annotation.Profile:
			a.blockedProfile = true
		case e.Word == annotation.HostHeader:
			a.blockedHost = true
		}
	}
}

// fail records that a probe's own key is wrong.
func (a *containerAsk) fail(e *annotation.Entry) {
	if e.Field != "" || e.Kind == "" {
		return
	}
	a.failed.Set(e.Kind, struct{}{})
}

// usualKeys is room for the keys that a container usually has.
const usualKeys = 4

// set merges a good entry into what is asked of a container.
func (m *merge) set(a *containerAsk, e *annotation.Entry) {
	if a.entries == nil {
		a.entries = make([]*annotation.Entry, 0, usualKeys)
	}
	a.entries = append(a.entries, e)
	switch {
	case e.Field != "":
		fields, _ := a.fields.Get(e.Kind)
		fields.Set(e.Field, e.Number)
		a.fields.Set(e.Kind, fields)
	case e.Kind != "":
		m.setHandler(a, e)
	}
	switch e.Word {
	case annotation.Inject:
		a.inject = &e.Switch
	case annotation.Profile:
		m.setProfile(a, e)
	case annotation.StartupBudget:
		a.overrides.startupBudget = e.Number
	case annotation.RestartAfter:
		a.overrides.restartAfter = e.Number
	case annotation.UnreadyAfter:
		a.overrides.unreadyAfter = e.Number
	case annotation.HostHeader:
		a.host = e.Text
	}
}

// setHandler checks the port of a handler against the container before it takes it.
func (m *merge) setHandler(a *containerAsk, e *annotation.Entry) {
	h := e.Ask.Handler
	if detail := m.portMistake(a, h, h.Port.String()); detail != "" {
		a.fail(e)
		m.mistake(e, mistake{field.Invalid(keyPath(e.Key), h.String(), detail), m.portMistake(a, h, "...")}, append(m.owners(h.Port), a))
		return
	}
	a.handlers.Set(e.Kind, e.Ask)
}

// portMistake is what is wrong with a handler's port, which is shown as the text given, in a container; empty when nothing is.
func (m *merge) portMistake(a *containerAsk, h probe.Handler, shown string) string {
	if h.Scheme == "" || h.Port.IsZero() || a.container.Declares(h.Port) {
		return ""
	}
	for i := range a.container.Ports {
		if p := &a.container.Ports[i]; p.Is(h.Port) {
			return "port " + shown + " is " + string(p.Protocol) + ": name a TCP port"
		}
	}
	if h.Port.Name != "" {
		return "container " + a.ref.Name + " has no port named " + shown + portNames(a.container)
	}
	return ""
}

// portNames lists a container's port names as the end of a sentence.
func portNames(c *workload.Container) string {
	var names []string
	for i := range c.Ports {
		if c.Ports[i].Name != "" && c.Ports[i].IsTCP() {
			names = append(names, c.Ports[i].Name)
		}
	}
	if len(names) == 0 {
		return ": write its number"
	}
	return ": it has " + strings.Join(names, ", ")
}

// owners are the containers that declare a port.
func (m *merge) owners(port probe.Port) []*containerAsk {
	return slices.DeleteFunc(slices.Clone(m.all), func(a *containerAsk) bool { return !a.container.Declares(port) })
}

func (m *merge) setProfile(a *containerAsk, e *annotation.Entry) {
	found, ok := m.policy.profiles[e.Text]
	if !ok {
		concerned := []*containerAsk{a}
		if e.Container == "" && a.guessed {
			concerned = m.regular()
		}
		fact := m.policy.unknownProfile(e.Text)
		m.mistake(e, mistake{field.Invalid(keyPath(e.Key), e.Text, fact), fact}, concerned)
		return
	}
	a.profile = found
}

func keyPath(key string) *field.Path {
	return field.NewPath("metadata", "annotations").Key(key)
}
