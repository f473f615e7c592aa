// Package listen serves HTTP/1.1 to strangers. Whoever reaches a port of ours may send anything and stay as long as they
// like, and what they cost before a request has reached its handler is bounded here: the number of connections, the
// length and the lines of a header, and the time for everything. Each listener of the process is a [Server].
//
// # Who has to leave
//
// A listener has room for a number of connections. When it is full, one is closed for each that comes, so that the API
// server always gets in. Which one is written in the table in room.go: first of those who hold more than their share of
// the room, counted by source address, then those who have said least for the longest. Nobody leaves while a review of
// theirs is decided; a listener that is full of those lets newcomers wait.
//
// # Headers
//
// net/http keeps a parsed header line in a hundred times the bytes that it takes on the wire, and reads it before
// anybody is asked. So [connection.Read] counts the lines of a header on their way to net/http, and hands over the header
// and the body apart, so that the next header is counted from its first byte.
package listen
