package lint

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// healthPage is a page at which software answers for its health.
type healthPage struct {
	path string
	// port is the only one on which it counts; 0 is any.
	port int32
	// image is a word of the image's name; empty is any.
	image string
}

// healthPages are exempt from being pages, beside what the catalogue knows.
var healthPages = []healthPage{
	// The health_check extension (opentelemetry-collector-contrib, extension/healthcheckextension/factory.go).
	{path: "/", port: 13133},
	// What Jenkins shows to everybody and what its chart probes (jenkinsci/helm-charts, charts/jenkins/values.yaml).
	{path: "/login", image: "jenkins"},
	// The admin ports of Jaeger (jaegertracing/jaeger 1.x, cmd/internal/flags/admin.go: the health check is at "/").
	{path: "/", port: 14269, image: "jaeger"}, {path: "/", port: 14270, image: "jaeger"}, {path: "/", port: 14271, image: "jaeger"},
	{path: "/", port: 16687, image: "jaeger"},
	// Answers 200 with nothing (distribution/distribution, registry/registry.go: alive("/")).
	{path: "/", image: "registry"},
	// Build information of Fluent Bit's own server, which its chart probes (fluent/helm-charts, charts/fluent-bit/values.yaml).
	{path: "/", port: 2020, image: "fluent"},
	// One line of text (ollama/ollama, server/routes.go: "Ollama is running").
	{path: "/", image: "ollama"},
	// A short JSON document without credentials (docs.couchdb.org, API reference, "/").
	{path: "/", image: "couchdb"},
}

// monitoringWords are parts of the names of ports at which nobody reads pages.
var monitoringWords = []string{
	"health", "healthz", "healthcheck", "hc", "live", "liveness", "ready", "readiness", "probe", "probes", "admin", "management", "mgmt",
	"metrics", "metric", "monitor", "monitoring", "prometheus", "prom", "exporter", "statsd", "telemetry",
}

// monitors reports whether a port is there for those who watch, not for clients.
func (s subject) monitors(number int32) bool {
	if imageSays(s.container.Image, "exporter") {
		return true
	}
	for i := range s.container.Ports {
		if p := &s.container.Ports[i]; p.ContainerPort == number && hasWord(p.Name, monitoringWords...) {
			return true
		}
	}
	return false
}

// servesPages reports whether a handler asks for what looks like a page for people.
func (s subject) servesPages(h *handler) bool {
	if !isPage(h.path) || s.container.answersAt(h.path) {
		return false
	}
	for i := range healthPages {
		page := &healthPages[i]
		if h.path == page.path && (page.port == 0 || page.port == h.port.Number) && (page.image == "" || imageSays(s.container.Image, page.image)) {
			return false
		}
	}
	return !s.monitors(h.port.Number) && !slices.ContainsFunc(h.headers, asksAsProbe)
}

// asksAsProbe reports whether a header tells the server that a probe asks: it can answer by that instead of the path.
func asksAsProbe(header corev1.HTTPHeader) bool {
	return hasWord(header.Name, "probe", "health", "healthcheck")
}

// pageEnds are the ends of files that are rendered for people.
var pageEnds = []string{".php", ".html", ".htm", ".jsp", ".asp", ".aspx", ".do"}

// isPage reports whether a path is "/", a login or an index, or below a program that renders pages.
func isPage(path string) bool {
	if isUsual(path, "") {
		return false
	}
	segments := strings.FieldsFunc(path[:min(len(path), longestPath)], func(r rune) bool { return r == '/' })
	if len(segments) == 0 {
		return true
	}
	first, last := strings.ToLower(segments[0]), strings.ToLower(segments[len(segments)-1])
	if speaksOfHealth(last) {
		return false
	}
	for _, end := range pageEnds {
		for _, name := range []string{"index", "login", "home", "default"} {
			if last == name+end || first == "index"+end {
				return true
			}
		}
	}
	switch last {
	case "login", "signin", "sign-in", "sign_in":
		return first != "api" && !strings.HasPrefix(first, "v1")
	case "index":
		return len(segments) == 1
	}
	return false
}
