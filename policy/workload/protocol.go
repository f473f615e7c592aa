package workload

import (
	"slices"
	"strings"
)

// Protocol is what is spoken on a port, as far as a probe is concerned.
type Protocol string

// The protocols. The kubelet's http probes speak HTTP/1.1 only, its grpc probes gRPC without TLS
// (https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/).
const (
	UnknownProtocol Protocol = ""
	HTTP1           Protocol = "http"
	HTTP2           Protocol = "http2"
	OtherProtocol   Protocol = "other"
)

// Speaks is what a port's declaration says of what is spoken there.
type Speaks struct {
	Protocol Protocol
	TLS      bool
}

// protocolWords are the words in names of ports that tell the protocol: those of appProtocol and of Istio's protocol
// selection (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/), IANA's service names,
// and what published Pod templates write. The first that a name has counts.
var protocolWords = []struct {
	speaks Speaks
	words  []string
}{
	{Speaks{HTTP1, true}, []string{"https", "websecure", "wss"}},
	{Speaks{UnknownProtocol, true}, []string{"tls", "ssl", "mtls", "secure"}},
	{Speaks{HTTP2, true}, []string{"grpcs"}},
	{Speaks{HTTP2, false}, []string{"grpc", "h2c", "http2", "h2", "otlp"}},
	{Speaks{OtherProtocol, false}, []string{
		"amqp", "amqps", "bolt", "cql", "dns", "epmd", "ftp", "imap", "kafka", "ldap", "ldaps", "memcache", "memcached", "mongo", "mongodb",
		"mqtt", "mysql", "mysqlx", "mariadb", "pgsql", "postgres", "postgresql", "psql", "pop3", "redis", "rtmp", "sftp", "sip", "smtp",
		"ssh", "stomp", "syslog", "thrift", "zookeeper",
	}},
	{Speaks{HTTP1, false}, []string{"http", "web", "www"}},
}

// tlsNumbers are the ports where servers usually speak TLS: IANA's https and https-alt, and those of webhooks, of the
// kubelet and of aggregated API servers.
var tlsNumbers = []int32{443, 4443, 6443, 8443, 9443, 10250}

// HasWord reports whether the port's name has one of the words between its dashes. The API server takes only lower-case
// letters, digits and dashes.
func (p *ContainerPort) HasWord(words []string) bool {
	for word := range strings.SplitSeq(p.Name, "-") {
		if word != "" && slices.Contains(words, word) {
			return true
		}
	}
	return false
}

// Speaks reads what the port's name says of its protocol; where the name says nothing, its number.
func (p *ContainerPort) Speaks() Speaks {
	// gRPC-Web is a protocol on top of HTTP/1.1.
	if strings.HasPrefix(p.Name, "grpc-web") {
		return Speaks{Protocol: HTTP1}
	}
	for i := range protocolWords {
		row := &protocolWords[i]
		if !p.HasWord(row.words) {
			continue
		}
		speaks := row.speaks
		// grpc-tls, http-tls: the protocol of the one word, and the TLS of the other.
		if speaks.Protocol == UnknownProtocol {
			speaks.Protocol = p.withoutTLS()
		}
		return speaks
	}
	return Speaks{TLS: slices.Contains(tlsNumbers, p.ContainerPort)}
}

func (p *ContainerPort) withoutTLS() Protocol {
	for i := range protocolWords {
		row := &protocolWords[i]
		if !row.speaks.TLS && p.HasWord(row.words) {
			return row.speaks.Protocol
		}
	}
	return UnknownProtocol
}
