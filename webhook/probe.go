package webhook

import (
	"encoding/json"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// encodeProbe encodes a probe as JSON. The probes that we usually add are written out, which is several times as fast
// as reflection; TestProbesAreEncodedAsTheirTypeSays holds it to the same result, and fails when the type gets a field
// that is not known here.
func encodeProbe(p *corev1.Probe) ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(b, '{')
	switch {
	case !usual(p):
		return json.Marshal(p)
	case p.HTTPGet != nil:
		b = append(b, `"httpGet":{`...)
		b = appendMember(b, "path", p.HTTPGet.Path)
		b = appendPort(b, p.HTTPGet.Port.IntVal)
		b = appendMember(b, "scheme", string(p.HTTPGet.Scheme))
	case p.TCPSocket != nil:
		b = append(b, `"tcpSocket":{`...)
		b = appendPort(b, p.TCPSocket.Port.IntVal)
	case p.GRPC != nil:
		b = append(b, `"grpc":{`...)
		b = appendPort(b, p.GRPC.Port)
		b = append(b, `,"service":`...)
		b = appendString(b, *p.GRPC.Service)
	}
	b = append(b, '}')
	b = appendSeconds(b, "initialDelaySeconds", p.InitialDelaySeconds)
	b = appendSeconds(b, "timeoutSeconds", p.TimeoutSeconds)
	b = appendSeconds(b, "periodSeconds", p.PeriodSeconds)
	b = appendSeconds(b, "successThreshold", p.SuccessThreshold)
	b = appendSeconds(b, "failureThreshold", p.FailureThreshold)
	return append(b, '}'), nil
}

// usual says whether a probe has one handler with a number as its port and nothing that encodeProbe does not write.
func usual(p *corev1.Probe) bool {
	if p.Exec != nil || p.TerminationGracePeriodSeconds != nil {
		return false
	}
	handlers := 0
	if h := p.HTTPGet; h != nil {
		handlers++
		if h.Host != "" || len(h.HTTPHeaders) > 0 || h.Protocol != nil || h.Port.Type != intstr.Int {
			return false
		}
	}
	if h := p.TCPSocket; h != nil {
		handlers++
		if h.Host != "" || h.Port.Type != intstr.Int {
			return false
		}
	}
	if h := p.GRPC; h != nil {
		handlers++
		if h.Service == nil || h.Mode != nil {
			return false
		}
	}
	return handlers == 1
}

func appendPort(b []byte, port int32) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, `"port":`...)
	return strconv.AppendInt(b, int64(port), 10)
}

// appendSeconds appends a member with a number, which the type leaves out when it is 0.
func appendSeconds(b []byte, name string, n int32) []byte {
	if n == 0 {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return strconv.AppendInt(b, int64(n), 10)
}
