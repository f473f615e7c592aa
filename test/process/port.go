package process

import (
	"fmt"
	"net"
)

// FreePorts returns n different ports of 127.0.0.1 that nobody listened on a moment ago. Somebody else may take one
// before the program does; that program then fails to start and says why.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		// All stay open until the last is found: the kernel may otherwise give the same one twice.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
