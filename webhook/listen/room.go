package listen

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// leaves are who may have to leave a full listener, in this order. First those who have been at their stage for longer than
// an API server is there: it sends its ClientHello with the first packet that it can, and everything else as fast as the
// network and a busy node are. Where there are none, the rest, of whom whoever says nothing has to leave first: a newcomer
// has at least as good a reason to be there. Of an API server's idle connections it uses the youngest.
var leaves = []struct {
	stage  stage
	age    time.Duration
	reason reason
}{
	{stageHeader, 250 * time.Millisecond, reasonMadeRoomHeader},
	{stageBody, 500 * time.Millisecond, reasonMadeRoomBody},
	{stageAnswer, 500 * time.Millisecond, reasonMadeRoomAnswer},
	{stageSilent, time.Second, reasonMadeRoomSilent},
	{stageHandshake, time.Second, reasonMadeRoomHeader},
	{stageIdle, 5 * time.Second, reasonMadeRoomIdle},
	{stageHeader, 100 * time.Millisecond, reasonMadeRoomHeader},
	{stageBody, 100 * time.Millisecond, reasonMadeRoomBody},
	{stageSilent, 100 * time.Millisecond, reasonMadeRoomSilent},
	{stageHandshake, 250 * time.Millisecond, reasonMadeRoomHeader},
	{stageAnswer, 250 * time.Millisecond, reasonMadeRoomAnswer},
	{stageSilent, 0, reasonMadeRoomSilent},
	{stageIdle, 0, reasonMadeRoomIdle},
}

// retry is how soon a full listener looks again for somebody who may have to leave by now.
const retry = 5 * time.Millisecond

// room is where the connections of a listener are.
type room struct {
	size   int
	counts *closedCounters
	// left is told when somebody leaves.
	left chan struct{}

	mutex   sync.Mutex
	all     []*connection
	sources map[netip.Addr]int
}

func newRoom(size int, counts *closedCounters) *room {
	return &room{size: size, counts: counts, left: make(chan struct{}, 1), sources: map[netip.Addr]int{}}
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
	r.sources[c.source]++
	return true
}

// makeRoom closes the connection that has to leave for one of a source.
func (r *room) makeRoom(source netip.Addr) bool {
	type candidate struct {
		c    *connection
		at   stage
		rank int
		age  time.Duration
	}
	var first candidate
	share := r.share(source)
	for _, c := range r.all {
		at, age := c.at.now(), c.at.age()
		rank, may := rankOf(at, age)
		if !may {
			continue
		}
		if r.sources[c.source] > share {
			rank -= len(leaves)
		}
		if first.c == nil || rank < first.rank || (rank == first.rank && age > first.age) {
			first = candidate{c, at, rank, age}
		}
	}
	if first.c == nil || !first.c.at.closeFrom(first.at) {
		return false
	}
	r.closed(leaves[(first.rank+len(leaves))%len(leaves)].reason)
	r.remove(first.c)
	first.c.evict()
	return true
}

// share is how many connections each source may have before it is the first that has to leave: an equal part.
func (r *room) share(newcomer netip.Addr) int {
	sources := len(r.sources)
	if r.sources[newcomer] == 0 {
		sources++
	}
	return r.size / max(1, sources)
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
	if r.sources[c.source]--; r.sources[c.source] == 0 {
		delete(r.sources, c.source)
	}
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
