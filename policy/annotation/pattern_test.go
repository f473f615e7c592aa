package annotation_test

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// agrees reports whether the pattern says of a handler what the parser says. What is too long only the parser sees.
func agrees(pattern *regexp.Regexp, handler string) bool {
	_, err := annotation.ParseProfileHandler(handler)
	matches := pattern.MatchString(handler)
	return matches == (err == nil) || (matches && len(handler) > 15)
}

func TestThePatternMatchesWhatTheParserReads(t *testing.T) {
	pattern := regexp.MustCompile(annotation.ProfileHandlerPattern)
	handlers := []string{
		"", "/", "/ready", "//x", "/a//b", "/%2f", "/%2", "/a#b", "/a b", "/ä", "http:8080", "http:8080/", "http:0/x", "http:080/x", "http:65535/x", "http:65536/x",
		"http://:8080/x", "http://host:8080/x", "http:web/x", "http:8a/x", "http:-/x", "http:A/x", "http:/x", "https:/x", "https://x", "https:", "https:8443/x",
		"tcp", "tcp:", "tcp:1", "tcp://:1", "tcp:web", "tcp/x", "tcp:1/x", "grpc", "grpc/", "grpc/a.B", "grpc:9000", "grpc:9000/a.B/c", "grpc:", "grpc /x",
		"exec:foo", "exec", "8080", ":8080", "true", "false", "HTTP:80/x", " /x", "/x\n", "http:8080/x?y=z&a=%20", "localhost:1/",
	}
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"/", "//", ":", "http", "https", "tcp", "grpc", "http:", "https:", "tcp:", "8080", "0", "web", "a", "-", "%2f", "%", "#", " ", "~", "!", "X", "99999", "ready", "\"", "\t"}
	for range 200_000 {
		var drawn strings.Builder
		for range 1 + random.IntN(6) {
			drawn.WriteString(parts[random.IntN(len(parts))])
		}
		handlers = append(handlers, drawn.String())
	}
	for number := range 70_000 {
		handlers = append(handlers, "tcp:"+strconv.Itoa(number))
	}
	for _, handler := range handlers {
		if !agrees(pattern, handler) {
			_, err := annotation.ParseProfileHandler(handler)
			t.Fatalf("%q: the pattern matches: %v, the parser says %v", handler, pattern.MatchString(handler), err)
		}
	}
}
