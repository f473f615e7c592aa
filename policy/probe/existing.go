package probe

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// HandlerOf spells the handler of a probe in the grammar of the annotations. A probe without a handler, which the API
// server refuses, gives the zero value.
func HandlerOf(p *corev1.Probe) Handler {
	switch {
	case p.Exec != nil:
		return Handler{Scheme: Exec}
	case p.TCPSocket != nil:
		return Handler{Scheme: TCP, Port: Port{Number: p.TCPSocket.Port.IntVal, Name: p.TCPSocket.Port.StrVal}}
	case p.GRPC != nil:
		h := Handler{Scheme: GRPC, Port: Port{Number: p.GRPC.Port}}
		if p.GRPC.Service != nil {
			h.Service = *p.GRPC.Service
		}
		return h
	case p.HTTPGet != nil:
		port := Port{Number: p.HTTPGet.Port.IntVal, Name: p.HTTPGet.Port.StrVal}
		return Handler{Scheme: Scheme(strings.ToLower(string(p.HTTPGet.Scheme))), Port: port, Path: p.HTTPGet.Path}
	}
	return Handler{}
}
