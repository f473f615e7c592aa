// Package listen serves HTTP/1.1 to strangers. Whoever reaches a port of ours may send anything and stay as long as they
// like, and what they cost before a request has reached its handler is bounded here: the number of connections, the
// length and the lines of a header, and the time for everything. Each listener of the process is a [Server].
//
// # Who stays
//
// A client that keeps its connection after an answer, as the API server does, sends the next request at any moment. A
// connection that is closed at just that moment loses the request: the client sees a reset, and does not send a POST
// again. So a connection on which a request was answered is a regular, which is never closed to make room. It goes when
// it was idle for longer than the API server lets it be, when a later request of its takes too long, or with an answer
// that says "Connection: close". That is said to whoever sent something wrong, and when there are too many regulars:
// three quarters of the room in all, and a quarter for each source address, so that newcomers always get in.
//
// For the same reason a connection that has made its TLS handshake may wait with its first request for as long as between
// two requests: API servers open some that they need only later. It is no regular before, and leaves when the listener is
// full.
//
// # Who has to leave
//
// A listener has room for a number of connections. When it is full, one that is no regular is closed for each that comes.
// Which one is written in the table in room.go: first of those who hold more than their share of the room, counted by
// source address, then those who have said least for the longest. A client that has its answer, and still owes a body or
// has only the answer left to read, keeps us waiting like any other. Nobody leaves while a review of theirs is decided, or
// while we are late to read what they have sent; a listener that is full of those lets newcomers wait.
//
// # Headers
//
// net/http keeps a parsed header line in a hundred times the bytes that it takes on the wire, and reads it before
// anybody is asked. So [connection.Read] counts the lines of a header on their way to net/http, and hands over the header
// and the body apart, so that the next header is counted from its first byte.
package listen
