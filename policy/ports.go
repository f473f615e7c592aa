package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
)

const styleInitialDelay = timing.StyleInitialDelay

// resolve turns a handler's port into a number: named ports are looked up in the container, because the kubelet
// silently never runs a probe whose port name it does not find, and a missing port is the one of the profile that
// describes the container, or chosen among the container's ports.
func (d *deciding) resolve(q *request, h probe.Handler) (probe.Handler, reason.Reason, string) {
	switch {
	case !h.OverNetwork():
		return h, "", ""
	case h.Port.IsZero():
		return d.resolveMissing(q, h)
	case h.Port.Name == "":
		return h, "", ""
	}
	for i := range q.container.Ports {
		if p := &q.container.Ports[i]; p.tcp() && p.Name == h.Port.Name {
			h.Port = probe.Port{Number: p.ContainerPort}
			return h, "", ""
		}
	}
	return h, reason.NoPort, ""
}

// resolveMissing chooses the port of a handler that names none. A path on a port that is named https is asked with TLS.
func (d *deciding) resolveMissing(q *request, h probe.Handler) (probe.Handler, reason.Reason, string) {
	if p := q.describedBy(); p != nil {
		port, source := q.container.portOf(p)
		switch {
		case port != 0:
			h.Port = probe.Port{Number: port}
			return h, "", ""
		case source != "":
			return h, reason.PortUnknown, source
		}
	}
	port, why, detail := q.choosePort(d.policy.portNames[h.Scheme])
	if why != "" {
		return h, why, detail
	}
	if h.Scheme == probe.HTTP && baseName(port.Name) == string(probe.HTTPS) {
		h.Scheme = probe.HTTPS
	}
	h.Port = probe.Port{Number: port.ContainerPort}
	return h, "", ""
}

// portNamesFor are the port names that decide among several ports for each scheme.
func portNamesFor(names []string) map[probe.Scheme][]string {
	without := func(others ...string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
	}
	http := without(string(probe.TCP), string(probe.GRPC))
	return map[probe.Scheme][]string{
		probe.HTTP:  http,
		probe.HTTPS: http,
		probe.GRPC:  without(string(probe.TCP), string(probe.HTTP), string(probe.HTTPS), "web"),
		probe.TCP:   names,
	}
}

// choosePort finds the only usable port, or the only one among several whose name decides.
func (q *request) choosePort(deciding []string) (ContainerPort, reason.Reason, string) {
	usable := q.container.usablePorts()
	switch {
	case len(usable) == 1:
		return usable[0], "", ""
	case len(usable) == 0 && len(q.container.Ports) > 0:
		return ContainerPort{}, reason.UDPOnly, ""
	case len(usable) == 0:
		return ContainerPort{}, reason.NoPort, ""
	}
	named := slices.DeleteFunc(slices.Clone(usable), func(p ContainerPort) bool { return !slices.Contains(deciding, baseName(p.Name)) })
	if len(named) == 1 {
		return named[0], "", ""
	}
	return ContainerPort{}, reason.AmbiguousPorts, portList(usable)
}

// baseName is the part of a port name before the first dash: Istio's and the appProtocol convention write
// "http-web" for a port that speaks HTTP.
func baseName(name string) string {
	base, _, _ := strings.Cut(name, "-")
	return base
}

const shownPorts = 4

func portList(ports []ContainerPort) string {
	var shown []string
	for i := range ports {
		if i == shownPorts {
			shown = append(shown, "...")
			break
		}
		shown = append(shown, strconv.Itoa(int(ports[i].ContainerPort)))
	}
	return strings.Join(shown, ", ")
}

func isHTTP(h probe.Handler) bool { return h.Scheme == probe.HTTP || h.Scheme == probe.HTTPS }

// dropSharedPorts withholds network probes of two containers on one port: containers of a Pod share one address,
// so that one of them would be judged by the other's answers.
func (d *deciding) dropSharedPorts() {
	if len(d.plans) < 2 {
		return
	}
	users := map[int32]map[*request]bool{}
	for i := range d.plans {
		p := &d.plans[i]
		for _, kind := range probe.Kinds() {
			c, ok := p.choices.Get(kind)
			if !ok || !c.handler.OverNetwork() {
				continue
			}
			if port := c.handler.Port.Number; users[port] == nil {
				users[port] = map[*request]bool{p.request: true}
			} else {
				users[port][p.request] = true
			}
		}
	}
	for i := range d.plans {
		d.dropShared(&d.plans[i], func(c choice) bool { return c.handler.OverNetwork() && len(users[c.handler.Port.Number]) > 1 })
	}
}

func (d *deciding) dropShared(p *plan, shared func(choice) bool) {
	guard, _ := p.choices.Get(probe.Startup)
	for _, kind := range probe.Kinds() {
		if c, ok := p.choices.Get(kind); ok && shared(c) {
			p.choices.Delete(kind)
			d.skip(p.request, kind, reason.SharedPort, c.handler.Port.String())
		}
	}
	live, start := p.choices.Has(probe.Liveness), p.choices.Has(probe.Startup)
	ask, asked := p.request.asks.Get(probe.Startup)
	switch {
	case live && !start && d.guards(p.request) && p.request.container.StartupProbe == nil && !ask.None:
		p.choices.Delete(probe.Liveness)
		d.skip(p.request, probe.Liveness, reason.SharedPort, guard.handler.Port.String())
	case start && !live && !asked:
		p.choices.Delete(probe.Startup)
	}
}
