package listen

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// leaves are who may have to leave a full listener, in this order; a regular never has to. First those who have only their
// last answer left to read, for which nobody needs a quarter of a second. Then those who have been at their stage for longer
// than an API server is there: it sends its ClientHello with the first packet that it can, and everything else as fast as
// the network and a busy node are. Where there are none, whoever has been there for a quarter of that: nobody leaves
// earlier. Newcomers wait in the kernel's queue meanwhile, where they can say what they have to
// say, so that it is there when they come in.
var leaves = []struct {
	stage  stage
	age    time.Duration
	reason reason
}{
	{stageFarewell, patience / 4, reasonMadeRoomFarewell},
	{stageHeader, patience, reasonMadeRoomHeader},
	{stageBody, patience, reasonMadeRoomBody},
	{stageAnswer, patience, reasonMadeRoomAnswer},
	{stageSilent, patience, reasonMadeRoomSilent},
	{stageSpare, patience, reasonMadeRoomHeader},
	{stageHandshake, patience, reasonMadeRoomHeader},
	{stageHeader, patience / 4, reasonMadeRoomHeader},
	{stageBody, patience / 4, reasonMadeRoomBody},
	{stageSilent, patience / 4, reasonMadeRoomSilent},
	{stageAnswer, patience / 4, reasonMadeRoomAnswer},
	{stageSpare, patience / 4, reasonMadeRoomHeader},
	{stageHandshake, patience / 4, reasonMadeRoomHeader},
}

// patience is how long a client may keep us waiting while the listener is full.
const patience = time.Second

const (
	// retry is how soon a full listener looks again for somebody who may have to leave by now.
	retry = 5 * time.Millisecond
	// leastShare is how many connections each source may always have before it is the first that has to leave: what an
	// API server opens at the same moment when a Deployment is scaled up.
	leastShare = 32
	// looks is how many are looked at for one who has to leave, when those who come first turn out to wait for us.
	looks = 16
)

// The parts of the room that regulars may have: all of them together, so that newcomers always get in, and those of one
// source. An API server keeps 25 idle connections (k8s.io/client-go/transport, idleConnsPerHost), so that a quarter of
// 1,024 is enough for ten of them behind one address.
func (r *room) mostRegulars() int          { return r.size - max(1, r.size/4) }
func (r *room) mostRegularsOfASource() int { return max(1, r.size/4) }

// room is where the connections of a listener are.
type room struct {
	size   int
	counts *closedCounters
	// left is told when somebody leaves.
	left chan struct{}

	mutex    sync.Mutex
	all      []*connection
	regulars int
	sources  map[netip.Addr]presence
}

// presence is how many connections a source has.
type presence struct{ regulars, others int }

func newRoom(size int, counts *closedCounters) *room {
	return &room{size: size, counts: counts, left: make(chan struct{}, 1), sources: map[netip.Addr]presence{}}
}

func (r *room) closed(why reason) { r.counts.inc(why) }

// enter lets a connection in, if need be in the place of another one, and reports whether there was room.
func (r *room) enter(c *connection) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.all) >= r.size && !r.makeRoom(c.source) {
		return false
	}
	c.place = len(r.all)
	r.all = append(r.all, c)
	r.count(c.source, presence{others: 1})
	return true
}

// stay makes a connection that is about to be answered a regular, and reports whether it is one.
func (r *room) stay(c *connection) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case c.regular:
		return true
	case c.place < 0 || r.regulars >= r.mostRegulars() || r.sources[c.source].regulars >= r.mostRegularsOfASource():
		return false
	}
	c.regular = true
	r.regulars++
	r.count(c.source, presence{regulars: 1, others: -1})
	return true
}

// makeRoom closes the connection that has to leave for one of a source.
func (r *room) makeRoom(source netip.Addr) bool {
	for range looks {
		first := r.first(source)
		switch {
		case first.c == nil:
			return false
		case !first.c.wire.waits(first.at):
			// It is we who are late: its time begins anew.
			first.c.at.restart()
		case first.c.at.closeFrom(first.at):
			r.closed(leaves[(first.rank+len(leaves))%len(leaves)].reason)
			r.remove(first.c)
			first.c.evict()
			return true
		}
	}
	return false
}

// candidate is who may have to leave.
type candidate struct {
	c    *connection
	at   stage
	rank int
	age  time.Duration
}

// first is who has to leave first for a connection of a source.
func (r *room) first(source netip.Addr) (first candidate) {
	share := r.share(source)
	// Whoever has its share already makes room among its like, and waits if need be.
	greedy := r.sources[source].others >= share
	for _, c := range r.all {
		has := r.sources[c.source].others
		if c.regular || (greedy && has < share) {
			continue
		}
		at, age := c.at.now(), c.at.age()
		rank, may := rankOf(at, age)
		if !may {
			continue
		}
		if has > share {
			rank -= len(leaves)
		}
		if first.c == nil || rank < first.rank || (rank == first.rank && age > first.age) {
			first = candidate{c, at, rank, age}
		}
	}
	return first
}

// share is how many connections each source may have, beside its regulars, before it is the first that has to leave: an
// equal part.
func (r *room) share(newcomer netip.Addr) int {
	sources := len(r.sources)
	if _, here := r.sources[newcomer]; !here {
		sources++
	}
	return max(min(leastShare, r.size/2), (r.size-r.regulars)/sources)
}

func rankOf(at stage, age time.Duration) (int, bool) {
	for rank := range leaves {
		if leaves[rank].stage == at && age >= leaves[rank].age {
			return rank, true
		}
	}
	return 0, false
}

// leave takes a connection out that was closed.
func (r *room) leave(c *connection) {
	r.mutex.Lock()
	r.remove(c)
	r.mutex.Unlock()
	select {
	case r.left <- struct{}{}:
	default:
	}
}

// remove takes a connection out of the lists.
func (r *room) remove(c *connection) {
	if c.place < 0 {
		return
	}
	last := len(r.all) - 1
	r.all[c.place] = r.all[last]
	r.all[c.place].place = c.place
	r.all[last] = nil
	r.all, c.place = r.all[:last], -1
	if c.regular {
		r.regulars--
		r.count(c.source, presence{regulars: -1})
		return
	}
	r.count(c.source, presence{others: -1})
}

// count adds to the connections of a source.
func (r *room) count(source netip.Addr, more presence) {
	is := r.sources[source]
	is.regulars += more.regulars
	is.others += more.others
	if is == (presence{}) {
		delete(r.sources, source)
		return
	}
	r.sources[source] = is
}

// closeWhere closes all connections at some stages.
func (r *room) closeWhere(may func(stage) bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, c := range slices.Backward(r.all) {
		if at := c.at.now(); may(at) && c.at.closeFrom(at) {
			r.remove(c)
			c.evict()
		}
	}
}

// stages counts the connections by their stage.
func (r *room) stages() (counts [len(stageNames)]int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, c := range r.all {
		if at := c.at.now(); at < stageClosed {
			counts[at]++
		}
	}
	return counts
}

// sourceOf is whom a connection is counted for: an address, or the network of 64 bits that one IPv6 host has to itself.
func sourceOf(address net.Addr) netip.Addr {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip
	}
	const network = 64
	prefix, err := ip.Prefix(network)
	if err != nil {
		return ip
	}
	return prefix.Addr()
}
