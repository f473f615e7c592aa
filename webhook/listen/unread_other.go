//go:build !unix

package listen

import "net"

// unread cannot be known.
func unread(net.Conn) bool { return false }
