package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

const styleInitialDelay = timing.StyleInitialDelay

// resolve turns a handler's port into a number: named ports are looked up in the container, because the kubelet
// silently never runs a probe whose port name it does not find, and a missing port is chosen among the
// container's ports.
func (q *request) resolve(h probe.Handler) (probe.Handler, reason.Reason, string) {
	switch {
	case !h.OverNetwork():
		return h, "", ""
	case h.Port.IsZero():
		return q.resolveMissing(h)
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

// resolveMissing chooses the port of a path. A port that is named https is asked with TLS.
func (q *request) resolveMissing(h probe.Handler) (probe.Handler, reason.Reason, string) {
	port, why, detail := q.choosePort([]string{"http", "https", "web", "api"})
	if why != "" {
		return h, why, detail
	}
	if baseName(port.Name) == "https" {
		h.Scheme = probe.HTTPS
	}
	h.Port = probe.Port{Number: port.ContainerPort}
	return h, "", ""
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

// fromPorts infers a TCP handler from the declared ports: it proves that the port is open, not that anybody answers.
func (d *deciding) fromPorts(q *request, kind probe.Kind) (choice, reason.Reason, string) {
	if kind == probe.Liveness && d.asked && !d.policy.inferLiveness {
		return choice{}, reason.LivenessNotInferred, ""
	}
	port, why, detail := q.choosePort([]string{"http", "https", "web", "api", "grpc", "tcp"})
	if why != "" {
		return choice{}, why, detail
	}
	if port.ContainerPort == mysqlPort {
		return choice{}, reason.PortNotProbed, strconv.Itoa(mysqlPort)
	}
	if !d.asked && !reaches(v1alpha1.ConfidenceMedium, d.demanded(kind)) {
		return choice{}, reason.LowConfidence, ""
	}
	handler := probe.Handler{Scheme: probe.TCP, Port: probe.Port{Number: port.ContainerPort}}
	return choice{handler: handler, source: SourceInference}, d.handlerObstacle(handler), ""
}

// demanded is the confidence that the policy asks of inference for Pods that did not ask themselves.
func (d *deciding) demanded(kind probe.Kind) v1alpha1.ConfidenceLevel {
	if kind == probe.Readiness {
		return d.policy.confidence.Readiness
	}
	return d.policy.confidence.Liveness
}

func reaches(have, want v1alpha1.ConfidenceLevel) bool {
	order := []v1alpha1.ConfidenceLevel{v1alpha1.ConfidenceLow, v1alpha1.ConfidenceMedium, v1alpha1.ConfidenceHigh}
	return slices.Index(order, have) >= slices.Index(order, want)
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
