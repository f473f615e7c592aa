package annotation

import (
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
)

const (
	// maxPathLength bounds a request target; health endpoints are short, and the API server has no limit of its own.
	maxPathLength = 256
	// maxNameLength bounds gRPC service and host names: the length of a DNS name.
	maxNameLength = 253
	maxPort       = 65535
)

// parseAsk reads the value of liveness, readiness and startup.
func parseAsk(value string) (Ask, error) {
	switch value {
	case "true":
		return Ask{}, nil
	case "false":
		return Ask{None: true}, nil
	}
	handler, err := ParseHandler(value)
	return Ask{Handler: handler}, err
}

// ParseHandler reads a handler: a path, http:PORT/PATH, https:PORT/PATH, tcp:PORT or grpc:PORT[/SERVICE], where
// PORT is a number or the name of a container port.
func ParseHandler(value string) (probe.Handler, error) {
	if trimmed := strings.TrimSpace(value); trimmed != value {
		if _, err := parseAsk(trimmed); err == nil {
			return probe.Handler{}, mistake(`leave out the blanks around it: write "%s"`, shorten(trimmed))
		}
	}
	if strings.HasPrefix(value, "/") {
		return probe.Handler{Scheme: probe.HTTP, Path: value}, checkPath(value)
	}
	scheme, rest, found := strings.Cut(value, ":")
	if !found {
		return probe.Handler{}, wordMistake(value)
	}
	switch probe.Scheme(scheme) {
	case probe.HTTP, probe.HTTPS:
		return parseHTTP(probe.Scheme(scheme), rest)
	case probe.TCP:
		return parseTCP(rest)
	case probe.GRPC:
		return parseGRPC(rest)
	}
	return probe.Handler{}, schemeMistake(scheme, rest)
}

// ParseProfileHandler reads a handler of a profile: any of ParseHandler's, or one that leaves its port to the
// profile: https:/PATH, tcp, grpc, grpc/SERVICE.
func ParseProfileHandler(value string) (probe.Handler, error) {
	scheme, rest, _ := strings.Cut(value, "/")
	switch scheme {
	case string(probe.HTTPS) + ":":
		if !strings.HasPrefix(rest, "/") {
			return probe.Handler{Scheme: probe.HTTPS, Path: "/" + rest}, checkPath("/" + rest)
		}
	case string(probe.TCP):
		if value == scheme {
			return probe.Handler{Scheme: probe.TCP}, nil
		}
	case string(probe.GRPC):
		return probe.Handler{Scheme: probe.GRPC, Service: rest}, checkService(rest)
	}
	return ParseHandler(value)
}

func parseHTTP(scheme probe.Scheme, rest string) (probe.Handler, error) {
	rest, err := withoutAuthority(rest)
	if err != nil {
		return probe.Handler{}, err
	}
	slash := strings.IndexByte(rest, '/')
	switch {
	case slash < 0:
		return probe.Handler{}, mistake("name the path: write %s:%s/PATH", echo(scheme), shorten(rest))
	case slash == 0:
		return probe.Handler{}, mistake("name the port: write %s:PORT%s", echo(scheme), shorten(rest))
	}
	port, err := ParsePort(rest[:slash])
	if err != nil {
		return probe.Handler{}, err
	}
	path := rest[slash:]
	return probe.Handler{Scheme: scheme, Port: port, Path: path}, checkPath(path)
}

func parseTCP(rest string) (probe.Handler, error) {
	rest, err := withoutAuthority(rest)
	if err != nil {
		return probe.Handler{}, err
	}
	port, err := ParsePort(rest)
	return probe.Handler{Scheme: probe.TCP, Port: port}, err
}

func parseGRPC(rest string) (probe.Handler, error) {
	rest, err := withoutAuthority(rest)
	if err != nil {
		return probe.Handler{}, err
	}
	name, service, _ := strings.Cut(rest, "/")
	port, err := ParsePort(name)
	if err != nil {
		return probe.Handler{}, err
	}
	if err := checkService(service); err != nil {
		return probe.Handler{}, err
	}
	return probe.Handler{Scheme: probe.GRPC, Port: port, Service: service}, nil
}

func checkService(service string) error {
	if len(service) > maxNameLength || !isGraphic(service) {
		return mistake("a gRPC service is a name such as my.package.Service")
	}
	return nil
}

// withoutAuthority accepts the URL form without a host, "//:PORT…", and refuses one with a host.
func withoutAuthority(rest string) (string, error) {
	after, isURL := strings.CutPrefix(rest, "//")
	if !isURL {
		return rest, nil
	}
	port, found := strings.CutPrefix(after, ":")
	if !found {
		return "", mistake("leave out the host: the kubelet asks the Pod itself")
	}
	return port, nil
}

// ParsePort reads a port number or the name of a container port.
func ParsePort(value string) (probe.Port, error) {
	if value == "" {
		return probe.Port{}, mistake("name the port: a number or the name of a container port")
	}
	if strings.Trim(value, "0123456789") == "" {
		number, err := strconv.ParseInt(value, 10, 32)
		if err != nil || number < 1 || number > maxPort || value[0] == '0' {
			return probe.Port{}, mistake("a port is a number from 1 to %d", maxPort)
		}
		return probe.Port{Number: int32(number)}, nil
	}
	if !isPortName(value) {
		return probe.Port{}, mistake("a port is a number from 1 to %d or the name of a container port; no host", maxPort)
	}
	return probe.Port{Name: value}, nil
}

// isPortName follows IANA_SVC_NAME loosely: whether the name exists in the container is what counts.
func isPortName(value string) bool {
	const maxPortNameLength = 15
	return len(value) <= maxPortNameLength && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// checkPath accepts what the kubelet sends as it stands. It parses the path as a URL (pkg/probe/http: formatURL),
// which would read "//x/y" as a host and drop what follows "#".
func checkPath(path string) error {
	switch {
	case len(path) > maxPathLength:
		return mistake("a path has at most %d characters", maxPathLength)
	case strings.HasPrefix(path, "//"):
		return mistake(`a path begins with one "/"`)
	case strings.Contains(path, "#"):
		return mistake(`the kubelet drops what follows "#": write the path without it`)
	case !isGraphic(path):
		return mistake("a path has no blanks and is ASCII: write %%20 for a blank")
	case !escapesAreValid(path):
		return mistake(`"%%" begins an escape of two hex digits, such as %%20`)
	}
	return nil
}

func isGraphic(value string) bool {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return false
		}
	}
	return true
}

func escapesAreValid(path string) bool {
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			return false
		}
		i += 2
	}
	return true
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// wordMistake answers a value that has no colon.
func wordMistake(value string) error {
	switch {
	case isOneOf(value, "http", "https"):
		return mistake("write %s:PORT/PATH, or only the path", echo(strings.ToLower(value)))
	case isOneOf(value, "tcp", "grpc"):
		return mistake("write %s:PORT", echo(strings.ToLower(value)))
	case likelyFalse(value) || strings.EqualFold(value, "false"), likelyTrue(value) || strings.EqualFold(value, "true"):
		return switchMistake(value)
	case isCommand(value):
		return execMistake()
	case !isGraphic(value):
		return mistake("a handler has no blanks and only ASCII: write a path, http:PORT/PATH, tcp:PORT or grpc:PORT")
	}
	if _, err := ParsePort(strings.SplitN(value, "/", 2)[0]); err == nil && isDigit(value[0]) {
		return portMistake(value)
	}
	return mistake(`a path begins with "/": write "/%s", or http:PORT/PATH, tcp:PORT, grpc:PORT`, shorten(value))
}

func portMistake(value string) error {
	port, path, hasPath := strings.Cut(value, "/")
	if hasPath {
		return mistake("write http:%s/%s", echo(port), shorten(path))
	}
	return mistake("write tcp:%s or http:%s/PATH", echo(port), echo(port))
}

// schemeMistake answers a value whose part before the first colon is no scheme of ours.
func schemeMistake(scheme, rest string) error {
	switch {
	case scheme == "":
		return portMistake(rest)
	case isOneOf(scheme, "http", "https", "tcp", "grpc"):
		return mistake("write %s in lower case", shorten(scheme))
	case isOneOf(scheme, "exec", "cmd", "command"):
		return execMistake()
	case isOneOf(scheme, "udp", "sctp", "ws", "wss", "h2", "h2c", "tls", "ssl"):
		return mistake("a handler is a path, http:, https:, tcp: or grpc:")
	case rest != "" && isDigit(rest[0]):
		return mistake("leave out the host: write tcp:PORT or http:PORT/PATH")
	}
	return mistake("write a path, http:PORT/PATH, https:PORT/PATH, tcp:PORT or grpc:PORT")
}

func execMistake() error {
	return mistake("commands come only from the admin's profiles")
}

// isCommand reports whether a value reads like a command line: the name of a program or its path, and words behind it, of
// which one is a flag or a file.
func isCommand(value string) bool {
	words := strings.Fields(value)
	if len(words) == 0 {
		return false
	}
	if strings.EqualFold(words[0], "exec") || words[0] == "sh" || words[0] == "bash" {
		return true
	}
	return len(words) > 1 && isGraphic(strings.Join(words, "")) &&
		slices.ContainsFunc(words[1:], func(word string) bool { return strings.HasPrefix(word, "-") || strings.Contains(word, "/") })
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
