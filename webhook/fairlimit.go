package webhook

import (
	"net"
	"sync"

	"golang.org/x/time/rate"
)

const (
	// clientsTogether is how many clients may cause lines at their full rate.
	clientsTogether = 2
	// clientsRemembered bounds the memory; a cluster has some API servers.
	clientsRemembered = 64
)

// fairLimiter limits lines of one kind, for each client and for all of them together, so that one that sends forged
// reviews does not use up the lines about real ones.
type fairLimiter struct {
	perSecond float64
	all       *rate.Limiter

	mutex   sync.Mutex
	clients map[string]*rate.Limiter
}

func newFairLimiter(perSecond float64) *fairLimiter {
	return &fairLimiter{perSecond: perSecond, all: limiterFor(clientsTogether, perSecond), clients: map[string]*rate.Limiter{}}
}

func limiterFor(clients int, perSecond float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(clients)*perSecond), clients*max(1, int(perSecond*logBurst)))
}

// allow reports whether a line about a client, "address:port", may be written now.
func (l *fairLimiter) allow(client string) bool {
	return l.of(client).Allow() && l.all.Allow()
}

func (l *fairLimiter) of(client string) *rate.Limiter {
	if host, _, err := net.SplitHostPort(client); err == nil {
		client = host
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if known, ok := l.clients[client]; ok {
		return known
	}
	if len(l.clients) >= clientsRemembered {
		// Whoever comes from so many addresses is bounded by the limit for all.
		clear(l.clients)
	}
	l.clients[client] = limiterFor(1, l.perSecond)
	return l.clients[client]
}
