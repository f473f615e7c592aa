package policy

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// request is all that is asked of one container, merged from the layers of the precedence table.
type request struct {
	ref       ContainerRef
	container *Container
	// native is a restartable init container, which runs beside the others.
	native bool

	// touched says that some key was meant for this container.
	touched bool
	// inject is the switch; nil when nobody set it.
	inject *bool
	// profile is the one that a key or the rule names, known what the container itself shows.
	profile *profile
	known   recognised
	// image is the container's, taken apart when it is first asked for.
	image   image
	asks    probe.Map[annotation.Ask]
	figures figures
	fields  probe.Map[timing.Fields]
	host    string
	// entries are what was set, so that a contradiction between two can name them.
	entries []*annotation.Entry

	// doubt says that a wrong key could have meant this container: no probe that kills is injected.
	doubt bool
	// The inputs of readiness that are wrong: no readiness that depends on them.
	blockedReadiness bool
	blockedInject    bool
	blockedProfile   bool
	blockedHost      bool

	// failed are the probes whose own key is wrong.
	failed probe.Map[struct{}]
	// asksForAll says that inject or a profile asks for liveness and readiness.
	asksForAll bool
}

// reading is the state of turning the entries of one Pod into requests.
type reading struct {
	policy     *Policy
	pod        *Pod
	requests   []request
	containers []*request // the requests of regular containers, then of native sidecars
	errs       field.ErrorList
	skips      []Skip
}

// read merges all entries into one request per container and collects every mistake.
func (p *Policy) read(pod *Pod, entries []annotation.Entry) *reading {
	total := len(pod.Spec.Containers) + len(pod.Spec.InitContainers)
	r := &reading{policy: p, pod: pod, requests: make([]request, 0, total), containers: make([]*request, 0, total)}
	for i := range pod.Spec.Containers {
		r.add(&pod.Spec.Containers[i], ContainerRef{Index: i}, false)
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy == nil || !c.restartsAlways() {
			continue
		}
		r.add(c, ContainerRef{Index: i, Init: true}, true)
	}
	r.applyAll(entries)
	return r
}

func (r *reading) add(c *Container, ref ContainerRef, native bool) {
	ref.Name = c.Name
	r.requests = append(r.requests, request{ref: ref, container: c, native: native})
	r.containers = append(r.containers, &r.requests[len(r.requests)-1])
}

// applyAll takes the keys of the main container first, so that a container's own keys override them.
func (r *reading) applyAll(entries []annotation.Entry) {
	for _, own := range []bool{false, true} {
		for i := range entries {
			if (entries[i].Container != "") == own {
				r.apply(&entries[i])
			}
		}
	}
}

// apply gives one entry to the container that it means, or records why it cannot.
func (r *reading) apply(e *annotation.Entry) {
	if !e.Known() {
		r.fault(e, e.Err, r.containers)
		return
	}
	target, candidates := r.targetOf(e)
	switch {
	case target == nil && e.Err != nil:
		r.fault(e, e.Err, candidates)
	case target == nil:
		// targetOf has recorded why.
	case e.Err != nil:
		target.touched = true
		target.fail(e)
		r.fault(e, e.Err, r.couldMean(e, target))
	default:
		target.touched = true
		r.set(target, e)
	}
}

// couldMean gives the containers that an unreadable value could have meant: a handler names a port, and a port
// chooses among containers unless the main container is named.
func (r *reading) couldMean(e *annotation.Entry, target *request) []*request {
	namesPort := e.Field == "" && e.Kind != ""
	if e.Container != "" || !namesPort || r.defaultContainer() != "" {
		return []*request{target}
	}
	return r.regular()
}

// fault records a mistake and the doubt that it casts on the containers it could concern.
func (r *reading) fault(e *annotation.Entry, err *field.Error, concerned []*request) {
	r.errs = append(r.errs, err)
	r.cast(e, concerned)
}

// fail records that a probe's own key is wrong.
func (q *request) fail(e *annotation.Entry) {
	if e.Field != "" || e.Kind == "" {
		return
	}
	q.failed.Set(e.Kind, struct{}{})
}

func (r *reading) cast(e *annotation.Entry, concerned []*request) {
	for _, q := range concerned {
		q.doubt = true
		switch {
		case e.Kind == probe.Readiness, e.Word == annotation.UnreadyAfter:
			q.blockedReadiness = true
		case e.Word == annotation.Inject:
			q.blockedInject = true
			// Whoever wrote "off" wants hands off, which always wins.
			q.blockedReadiness = q.blockedReadiness || !e.Switch
		case e.Word == annotation.Profile:
			q.blockedProfile = true
		case e.Word == annotation.HostHeader:
			q.blockedHost = true
		}
	}
}

// usualKeys is room for the keys that a container usually has.
const usualKeys = 4

// set merges a good entry into a request.
func (r *reading) set(q *request, e *annotation.Entry) {
	if q.entries == nil {
		q.entries = make([]*annotation.Entry, 0, usualKeys)
	}
	q.entries = append(q.entries, e)
	switch {
	case e.Field != "":
		fields, _ := q.fields.Get(e.Kind)
		fields.Set(e.Field, e.Number)
		q.fields.Set(e.Kind, fields)
	case e.Kind != "":
		r.setAsk(q, e)
	}
	switch e.Word {
	case annotation.Inject:
		q.inject = &e.Switch
	case annotation.Profile:
		r.setProfile(q, e)
	case annotation.StartupBudget:
		q.figures.startupBudget = e.Number
	case annotation.RestartAfter:
		q.figures.restartAfter = e.Number
	case annotation.UnreadyAfter:
		q.figures.unreadyAfter = e.Number
	case annotation.HostHeader:
		q.host = e.Text
	}
}

// setAsk checks the port of a handler against the container before it takes it.
func (r *reading) setAsk(q *request, e *annotation.Entry) {
	if fact := q.portMistake(r, e.Ask.Handler); fact != "" {
		q.fail(e)
		concerned := append(r.owners(e.Ask.Handler.Port), q)
		r.fault(e, field.Invalid(keyPath(e.Key), e.Ask.Handler.String(), fact), concerned)
		return
	}
	q.asks.Set(e.Kind, e.Ask)
}

// portMistake says what is wrong with a handler's port in this container; empty when nothing is.
func (q *request) portMistake(r *reading, h probe.Handler) string {
	if h.Scheme == "" || h.Port.IsZero() || q.container.declares(h.Port) {
		return ""
	}
	for i := range q.container.Ports {
		if p := &q.container.Ports[i]; p.is(h.Port) {
			return "port " + h.Port.String() + " is " + string(p.Protocol) + ": name a TCP port"
		}
	}
	if owners := r.owners(h.Port); len(owners) > 0 && h.Port.Name == "" {
		return "port " + h.Port.String() + " belongs to container " + owners[0].ref.Name
	}
	if h.Port.Name != "" {
		return "container " + q.ref.Name + " has no port named " + h.Port.Name + portNames(q.container)
	}
	return ""
}

// portNames lists a container's port names as the end of a sentence.
func portNames(c *Container) string {
	var names []string
	for i := range c.Ports {
		if c.Ports[i].Name != "" && c.Ports[i].tcp() {
			names = append(names, c.Ports[i].Name)
		}
	}
	if len(names) == 0 {
		return ": write its number"
	}
	return ": it has " + strings.Join(names, ", ")
}

func (r *reading) owners(port probe.Port) []*request {
	var owners []*request
	for _, q := range r.containers {
		if q.container.declares(port) {
			owners = append(owners, q)
		}
	}
	return owners
}

func (r *reading) setProfile(q *request, e *annotation.Entry) {
	found, ok := r.policy.profiles[e.Text]
	if !ok {
		r.fault(e, field.Invalid(keyPath(e.Key), e.Text, r.policy.unknownProfile(e.Text)), []*request{q})
		return
	}
	q.profile = found
}

// describedBy is the profile that gives the container its class and times: the named one, else the one it is recognised
// by; nil when there is none.
func (q *request) describedBy() *profile {
	if q.profile != nil {
		return q.profile
	}
	return q.known.profile
}

// profileOf names the profile that a choice comes from.
func (q *request) profileOf(c choice) string {
	if c.source == SourceProfile || c.source == SourceEvidence {
		return q.describedBy().name
	}
	return ""
}

func keyPath(key string) *field.Path {
	return field.NewPath("metadata", "annotations").Key(key)
}

func (r *reading) regular() []*request {
	n := len(r.pod.Spec.Containers)
	return r.containers[:n:n]
}
