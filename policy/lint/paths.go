package lint

import "strings"

// word is a part of a path between characters that are neither letters nor digits, and how it has to match.
type word struct {
	text string
	how  func(part, text string) bool
}

func equals(part, text string) bool { return part == text }

// dependencyWords are parts of paths that name what an application depends on.
var dependencyWords = []word{
	{"depend", strings.HasPrefix}, {"deps", equals}, {"deep", equals}, {"db", equals}, {"database", equals},
	{"sql", equals}, {"postgres", strings.HasPrefix}, {"mysql", equals}, {"redis", equals}, {"mongo", strings.HasPrefix},
	{"kafka", equals}, {"rabbitmq", equals}, {"elasticsearch", equals}, {"upstream", strings.HasPrefix},
}

// aggregateWords are parts of paths under which applications usually report more than themselves.
var aggregateWords = []word{{"full", equals}, {"status", strings.Contains}, {"detailed", equals}}

// readinessWords are parts of the paths of readiness endpoints.
var readinessWords = []word{{"ready", strings.Contains}, {"readiness", strings.Contains}}

// startupWords are parts of the paths of start-up endpoints: /started, /startup, /startupz, /startedz.
var startupWords = []word{{"start", strings.HasPrefix}}

// longestPath is how much of a path and of a query is read, in bytes: nobody writes more for a probe, and the API
// server has no limit.
const longestPath = 1024

// hasWord reports whether any part of a path or query is one of the words. Case does not matter.
func hasWord(text string, words []word) bool {
	text = strings.ToLower(text[:min(len(text), longestPath)])
	for text != "" {
		end := strings.IndexFunc(text, separates)
		part := text
		if end >= 0 {
			part, text = text[:end], text[end+1:]
		} else {
			text = ""
		}
		if part != "" && matches(part, words) {
			return true
		}
	}
	return false
}

func matches(part string, words []word) bool {
	for i := range words {
		if words[i].how(part, words[i].text) {
			return true
		}
	}
	return false
}

func separates(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80 }

// aggregateEnds are endpoints that frameworks document as reporting all of their checks, data sources included. They
// may stand below a context path.
var aggregateEnds = []string{"/actuator/health", "/q/health", "/metrics"}

// seemsToTestDependencies judges the path and query of a liveness probe.
func seemsToTestDependencies(path, query, image string) bool {
	for _, end := range aggregateEnds {
		if strings.HasSuffix(strings.TrimSuffix(path, "/"), end) {
			return true
		}
	}
	// Micronaut's /health aggregates; elsewhere the same path may be as cheap as any.
	if path == "/health" && strings.Contains(image, "micronaut") {
		return true
	}
	for _, words := range [...][]word{dependencyWords, aggregateWords, readinessWords} {
		if hasWord(path, words) || hasWord(query, words) {
			return true
		}
	}
	return false
}

// healthPage is a page at which software answers for its health.
type healthPage struct {
	path string
	// port is the only one on which it counts; 0 is any.
	port int32
	// image is a part of the image's name; empty is any.
	image string
}

// healthPages are exempt from being pages: the health_check extension of the OpenTelemetry Collector answers at "/" on
// a port of its own (opentelemetry-collector-contrib, extension/healthcheckextension/factory.go), and /login is what
// Jenkins shows to everybody and what its chart probes (jenkinsci/helm-charts, charts/jenkins/values.yaml).
var healthPages = []healthPage{{path: "/", port: 13133}, {path: "/login", image: "jenkins"}}

// pagePrefixes are the beginnings of paths that people read.
var pagePrefixes = []string{"/login", "/index"}

// servesPages reports whether a path looks like a page for people.
func servesPages(path string, port int32, image string) bool {
	for _, page := range healthPages {
		if path == page.path && (page.port == 0 || page.port == port) && strings.Contains(image, page.image) {
			return false
		}
	}
	for _, prefix := range pagePrefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "/"
}
