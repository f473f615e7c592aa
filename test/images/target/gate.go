package main

import (
	"fmt"
	"net"
	"sync"
)

// gate is a port that accepts connections and closes them, and that can be closed and opened again.
type gate struct {
	address string

	lock     sync.Mutex
	listener net.Listener
}

// open begins to accept. It does nothing if the port is open.
func (g *gate) open() error {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		return fmt.Errorf("opening the port: %w", err)
	}
	g.listener = listener
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Close()
		}
	}()
	return nil
}

// shut makes the port refuse connections. It does nothing if the port is closed.
func (g *gate) shut() error {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.listener == nil {
		return nil
	}
	err := g.listener.Close()
	g.listener = nil
	return err
}
