package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Which port of a container is probed where the handler names none. Ports are told apart by the words of their names, which the
// catalogue lists. The first row that applies decides; a row that fits several ports decides nothing, but the last one does.
//
//	#  ports                                         | a person's path,  | a profile's path, | tcp, where nothing | port
//	                                                 | grpc without port | grpc without port | is known           |
//	1  one TCP port                                  | yes               | yes               | yes                | that one
//	2  one whose name speaks of health: healthz,     | yes               | –                 | yes                | that one
//	   probe, ready, live, management, status, …     |                   |                   |                    |
//	3  several such, and the path has a word of one  | yes               | –                 | –                  | that one
//	4  several such                                  | yes               | –                 | yes                | ambiguous_ports
//	5  one whose name speaks of admin or monitoring  | ambiguous_ports   | –                 | yes                | that one
//	6  one is left without those that metrics,       | if it serves, or  | if it serves, or  | yes                | that one
//	   debugging, peers, … have                      | has no name       | has no name       |                    |
//	7  one of those left has the best exact name:    | yes               | yes               | yes                | that one
//	   http, web and api before https before grpc    |                   |                   |                    |
//	   before tcp                                    |                   |                   |                    |
//	8  none is left, and one begins with http        | yes               | yes               | –                  | that one
//	10 any other                                     | yes               | yes               | yes                | ambiguous_ports
//
// Row 5 is one for connections because most authors of public manifests ask that port (14 of 16), and none for a person's path,
// because a path that the wrong port does not know kills. Rules trust only row 1: where a name decides among several ports, 4 of
// 10 authors ask another one.

// portRole is what a port is there for.
type portRole int

const (
	roleUnknown portRole = iota
	roleServing
	roleHealth
	roleAdmin
	roleOther
)

// portKnowledge is what names and numbers of ports say. It is safe for concurrent use.
type portKnowledge struct {
	// roles are those of words, ranks those of the words of serving ports.
	roles   map[string]portRole
	ranks   map[string]int
	numbers []int32
}

func newPortKnowledge(names *catalogue.PortNames, numbers []int32) portKnowledge {
	k := portKnowledge{roles: map[string]portRole{}, ranks: map[string]int{}, numbers: numbers}
	for rank, words := range names.Serving {
		for _, word := range words {
			k.roles[word], k.ranks[word] = roleServing, rank
		}
	}
	for role, words := range map[portRole][]string{roleHealth: names.Health, roleAdmin: names.Admin, roleOther: names.Other} {
		for _, word := range words {
			k.roles[word] = role
		}
	}
	return k
}

// roleOf is what a port's name says, word by word: one about health tells most, because nothing else is called that, and one
// about serving least, because it is often the protocol, as in http-metrics.
func (k *portKnowledge) roleOf(name string) portRole {
	found := roleUnknown
	for word := range strings.SplitSeq(name, "-") {
		role := k.roles[word]
		if slices.Index(roleOrder[:], role) < slices.Index(roleOrder[:], found) {
			found = role
		}
	}
	return found
}

var roleOrder = [...]portRole{roleHealth, roleOther, roleAdmin, roleServing, roleUnknown}

// evidence is why a port is believed, one of so many TCP ports of its container.
func (k *portKnowledge) evidence(port *workload.ContainerPort, ports int) detect.Evidence {
	number := strconv.Itoa(int(port.ContainerPort))
	role := k.roleOf(port.Name)
	switch {
	case ports > 1:
		return detect.Evidence{Kind: detect.EvidenceAmongPorts, Detail: cmp.Or(port.Name, number)}
	case role == roleServing, role == roleHealth, k.roles[firstWord(port.Name)] == roleServing:
		return detect.Evidence{Kind: detect.EvidencePortName, Detail: port.Name}
	case role == roleUnknown && (port.Name == "" || slices.Contains(k.numbers, port.ContainerPort)):
		return detect.Evidence{Kind: detect.EvidencePortNumber, Detail: number}
	}
	return detect.Evidence{Kind: detect.EvidenceSolePort, Detail: number}
}

// firstWord is the protocol, in names of ports such as http-metrics (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/).
func firstWord(name string) string {
	first, _, _ := strings.Cut(name, "-")
	return first
}

// portUse is what a port is chosen for.
type portUse int

const (
	// useProfile is a handler of a profile, which asks what the software serves.
	useProfile portUse = iota
	// useWritten is a handler of a person.
	useWritten
	// useConnection is a bare connection, where nothing is known of the software.
	useConnection
)

// choose finds the port for a handler that names none.
func (k *portKnowledge) choose(c *workload.Container, h probe.Handler, use portUse) (workload.ContainerPort, refusal) {
	usable := c.TCPPorts()
	switch {
	case len(usable) == 1:
		return usable[0], refusal{}
	case len(usable) == 0 && len(c.Ports) > 0:
		return workload.ContainerPort{}, because(reason.UDPOnly)
	case len(usable) == 0:
		return workload.ContainerPort{}, because(reason.NoPort)
	}
	ambiguous := refusal{reason.AmbiguousPorts, portList(usable)}
	byRole := map[portRole][]workload.ContainerPort{}
	for i := range usable {
		if role := k.roleOf(usable[i].Name); !contradicts(h, &usable[i], role) {
			byRole[role] = append(byRole[role], usable[i])
		}
	}
	if health := byRole[roleHealth]; use != useProfile && len(health) > 0 {
		if found, ok := soleOrAsked(health, h, use); ok {
			return found, refusal{}
		}
		return workload.ContainerPort{}, ambiguous
	}
	switch admin := byRole[roleAdmin]; {
	case use == useWritten && len(admin) > 0:
		return workload.ContainerPort{}, ambiguous
	case use == useConnection && len(admin) == 1:
		return admin[0], refusal{}
	}
	if found, ok := k.serving(byRole, use); ok {
		return found, refusal{}
	}
	return workload.ContainerPort{}, ambiguous
}

// soleOrAsked finds the only one of several ports for health, or the only one that is named like the end of the path.
func soleOrAsked(health []workload.ContainerPort, h probe.Handler, use portUse) (workload.ContainerPort, bool) {
	if len(health) == 1 {
		return health[0], true
	}
	path, _, _ := strings.Cut(h.Path, "?")
	last := path[strings.LastIndexByte(path, '/')+1:]
	return soleOf(health, func(p *workload.ContainerPort) bool {
		return use == useWritten && slices.Contains(strings.Split(p.Name, "-"), last)
	})
}

// serving finds the port that serves what the container is there for.
func (k *portKnowledge) serving(byRole map[portRole][]workload.ContainerPort, use portUse) (workload.ContainerPort, bool) {
	left := slices.Concat(byRole[roleServing], byRole[roleUnknown])
	if len(left) == 1 && (use == useConnection || left[0].Name == "" || len(byRole[roleServing]) == 1) {
		return left[0], true
	}
	if found, ok := k.bestNamed(left); ok && (use != useConnection || !hasOwnName(byRole[roleUnknown])) {
		return found, true
	}
	if use != useConnection && len(left) == 0 {
		return soleOf(byRole[roleOther], func(p *workload.ContainerPort) bool { return strings.HasPrefix(p.Name, "http") })
	}
	return workload.ContainerPort{}, false
}

// hasOwnName reports whether a port has a name of the software's own, such as rpc or client: that may be what the container is
// there for, and http a gateway beside it, which can be off.
func hasOwnName(unknown []workload.ContainerPort) bool {
	return slices.ContainsFunc(unknown, func(p workload.ContainerPort) bool { return p.Name != "" })
}

// bestNamed finds the only port with the best of the names that are a serving word.
func (k *portKnowledge) bestNamed(ports []workload.ContainerPort) (workload.ContainerPort, bool) {
	best := len(k.ranks)
	for i := range ports {
		if rank, exact := k.ranks[ports[i].Name]; exact {
			best = min(best, rank)
		}
	}
	return soleOf(ports, func(p *workload.ContainerPort) bool {
		rank, exact := k.ranks[p.Name]
		return exact && rank == best
	})
}

func soleOf(ports []workload.ContainerPort, match func(*workload.ContainerPort) bool) (found workload.ContainerPort, ok bool) {
	for i := range ports {
		if !match(&ports[i]) {
			continue
		}
		if ok {
			return workload.ContainerPort{}, false
		}
		found, ok = ports[i], true
	}
	return found, ok
}

// contradicts reports whether a port is named after another protocol than the handler's. A port that begins with tcp may
// speak anything, but only one for health is then known to answer.
func contradicts(h probe.Handler, p *workload.ContainerPort, role portRole) bool {
	speaks := p.Speaks().Protocol
	switch {
	case h.Scheme == probe.TCP:
		return false
	case firstWord(p.Name) == string(probe.TCP) && role != roleHealth:
		return true
	case h.Scheme == probe.GRPC:
		return speaks == workload.HTTP1
	}
	return speaks == workload.HTTP2 || speaks == workload.OtherProtocol
}
