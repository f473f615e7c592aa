package lint

import (
	"slices"
	"strings"
)

// longestPath is how much of a path and of a query is read, in bytes: nobody writes more for a probe, and the API
// server has no limit.
const longestPath = 1024

// wordsOf takes a text apart at all that is neither a letter nor a digit, and where a capital follows a small letter.
// Case does not matter: "isReady" is "is" and "ready".
func wordsOf(text string) []string {
	text = text[:min(len(text), longestPath)]
	var all []string
	begin := 0
	for i := range len(text) + 1 {
		switch {
		case i == len(text) || separates(text[i]):
			if begin < i {
				all = append(all, strings.ToLower(text[begin:i]))
			}
			begin = i + 1
		case i > begin && isUpper(text[i]) && isLower(text[i-1]):
			all = append(all, strings.ToLower(text[begin:i]))
			begin = i
		}
	}
	return all
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func separates(c byte) bool {
	return !isLower(c) && !isUpper(c) && (c < '0' || c > '9') && c < 0x80
}

// usualPaths are those of which most probes ask one, and in which there is nothing to find. They are told without taking
// them apart, so that the review of a usual Pod costs no memory.
var usualPaths = []string{"/livez", "/healthz", "/health", "/healthcheck", "/health/live", "/live", "/ping", "/-/healthy", "/up"}

func isUsual(path, query string) bool { return query == "" && slices.Contains(usualPaths, path) }

func hasWord(text string, words ...string) bool {
	return slices.ContainsFunc(wordsOf(text), func(w string) bool { return slices.Contains(words, w) })
}

// livenessWords end the paths of liveness endpoints.
var livenessWords = []string{"live", "livez", "liveness", "livenessprobe", "livecheck", "alive", "alivez", "ping"}

// readinessWords are those of readiness endpoints.
var readinessWords = []string{"ready", "readyz", "readiness", "readinessprobe", "readycheck", "readinesscheck", "isready"}

// startupWords are those of start-up endpoints.
var startupWords = []string{"start", "started", "startedz", "starting", "startup", "startupz", "startupprobe"}

// aggregateWords are those under which applications report more than themselves.
var aggregateWords = []string{"full", "deep", "detailed", "detail", "details", "verbose"}

// kindsOfDependency and products name what an application depends on. The name of a product may also be that of the
// application: /redis/healthz may be the health of what is served below /redis.
var (
	kindsOfDependency = []string{
		"dependency", "dependencies", "depends", "dependencycheck", "deps", "db", "dbcheck", "database", "databases", "sql",
		"upstream", "upstreams", "downstream", "downstreams", "backends",
	}
	products = []string{
		"postgres", "postgresql", "mysql", "mariadb", "redis", "mongo", "mongodb", "kafka", "rabbitmq", "elasticsearch", "opensearch",
		"memcached", "cassandra",
	}
)

// healthWords are all others of which the names of health endpoints consist.
var healthWords = []string{
	"health", "healthy", "healthz", "healthcheck", "check", "checks", "is", "app", "service", "status", "statusz", "probe", "probes",
	"up", "actuator", "q", "api", "connection", "connections", "connectivity", "connect", "connected", "test", "all", "system",
}

// endpoint is the end of a path that names what is asked: from the first segment that consists of words of health on,
// else the last segment. What is before it says where the application is served.
func endpoint(path string) (context, segments []string) {
	all := strings.FieldsFunc(path[:min(len(path), longestPath)], func(r rune) bool { return r == '/' })
	if len(all) == 0 {
		return nil, nil
	}
	begin := len(all) - 1
	if first := slices.IndexFunc(all, speaksOfHealth); first >= 0 {
		begin = first
	}
	return all[:begin], all[begin:]
}

// speaksOfHealth reports whether a segment consists of words of health. "api" and the like stand before anything.
func speaksOfHealth(segment string) bool {
	words := wordsOf(segment)
	foreign := func(w string) bool {
		return !isAny(w, healthWords, livenessWords, readinessWords, startupWords, aggregateWords)
	}
	return len(words) > 0 && !slices.ContainsFunc(words, foreign) && !isAny(words[len(words)-1], []string{"api", "app", "service", "system", "q", "is", "all", "test", "up"})
}

func isAny(word string, lists ...[]string) bool {
	return slices.ContainsFunc(lists, func(list []string) bool { return slices.Contains(list, word) })
}

// isLiveness reports whether a path asks for liveness and nothing else, whatever it stands below.
func isLiveness(segments []string) bool {
	if len(segments) == 0 {
		return false
	}
	words := wordsOf(segments[len(segments)-1])
	return len(words) > 0 && slices.Contains(livenessWords, words[len(words)-1]) &&
		!slices.ContainsFunc(words, func(w string) bool { return isAny(w, products, kindsOfDependency, readinessWords) })
}

// namesDependency reports whether a path or query asks for something that the application depends on.
func namesDependency(path, query string) bool {
	if query == "" && path == "/readyz" {
		return false
	}
	context, segments := endpoint(path)
	if !isLiveness(segments) {
		for _, segment := range context {
			if slices.Contains(kindsOfDependency, strings.ToLower(segment)) && len(segments) > 0 && speaksOfHealth(segments[0]) {
				return true
			}
		}
		for i, segment := range segments {
			if segmentNamesDependency(segment, i > 0) {
				return true
			}
		}
	}
	return queryAsks(query, kindsOfDependency, products)
}

// segmentNamesDependency judges one segment: a product's name counts alone only below a segment of health.
func segmentNamesDependency(segment string, below bool) bool {
	words := wordsOf(segment)
	rest := func(w string) bool {
		return isAny(w, kindsOfDependency, products, healthWords, livenessWords, readinessWords, aggregateWords)
	}
	named := slices.ContainsFunc(words, func(w string) bool { return isAny(w, kindsOfDependency, products) })
	if !named {
		return false
	}
	composed := !slices.ContainsFunc(words, func(w string) bool { return !rest(w) })
	return below || composed && (len(words) > 1 || isAny(words[0], kindsOfDependency))
}

// asksForReadiness reports whether a path or query is that of a readiness endpoint.
func asksForReadiness(path, query string) bool {
	_, segments := endpoint(path)
	if !isLiveness(segments) {
		for _, segment := range segments {
			words := wordsOf(segment)
			if len(words) > 0 && slices.Contains(readinessWords, words[len(words)-1]) ||
				speaksOfHealth(segment) && hasWord(segment, readinessWords...) {
				return true
			}
		}
	}
	return queryAsks(query, readinessWords)
}

// asksForStart reports whether a path is that of a start-up endpoint.
func asksForStart(path string) bool {
	_, segments := endpoint(path)
	return slices.ContainsFunc(segments, func(segment string) bool { return hasWord(segment, startupWords...) })
}

// asksForAll reports whether a path or query is one under which applications report more than themselves.
func asksForAll(path, query string) bool {
	_, segments := endpoint(path)
	if !isLiveness(segments) {
		for _, segment := range segments {
			if hasWord(segment, aggregateWords...) && !slices.ContainsFunc(wordsOf(segment), func(w string) bool {
				return !isAny(w, aggregateWords, healthWords)
			}) {
				return true
			}
		}
	}
	return queryAsks(query, []string{"full", "deep", "detailed"})
}

// excluding are parameters that name what is left out.
var excluding = []string{"exclude", "excluded", "excludes", "excluding", "skip", "skipped", "ignore", "ignored", "without", "except", "no", "not", "disable", "omit"}

// no are values of a parameter by which it asks for nothing.
var no = []string{"false", "0", "no", "off", "none"}

// queryAsks reports whether a parameter of a query, or its value, has one of the words, and does not leave it out.
func queryAsks(query string, lists ...[]string) bool {
	query = query[:min(len(query), longestPath)]
	for query != "" {
		var parameter string
		if end := strings.IndexAny(query, "&;"); end >= 0 {
			parameter, query = query[:end], query[end+1:]
		} else {
			parameter, query = query, ""
		}
		name, value, _ := strings.Cut(parameter, "=")
		if hasWord(name, excluding...) || slices.Contains(no, strings.ToLower(value)) {
			continue
		}
		if slices.ContainsFunc(wordsOf(parameter), func(w string) bool { return isAny(w, lists...) }) {
			return true
		}
	}
	return false
}

// aggregateEnds are endpoints that frameworks document as reporting all of their checks, data sources included. They
// may stand below a context path. The image, where there is one, is that of the software alone.
var aggregateEnds = []struct{ path, image string }{
	{path: "/actuator/health"}, {path: "/q/health"},
	// Micronaut's /health aggregates; elsewhere the same path may be as cheap as any.
	{path: "/health", image: "micronaut"},
	// Kibana answers for Elasticsearch too (kibana, packages/core/status: 503 while it is unavailable).
	{path: "/api/status", image: "kibana"},
}

// whatItTests says why a path and query are too much for liveness, or nothing.
func whatItTests(path, query, image string) string {
	if isUsual(path, query) && path != "/health" {
		return ""
	}
	trimmed := strings.TrimSuffix(path, "/")
	for _, end := range aggregateEnds {
		if strings.HasSuffix(trimmed, end.path) && (end.image == "" || imageSays(image, end.image)) {
			return "seems to test dependencies"
		}
	}
	switch {
	case strings.HasSuffix(trimmed, "/metrics"):
		return "collects all metrics"
	case namesDependency(path, query), asksForAll(path, query):
		return "seems to test dependencies"
	case asksForReadiness(path, query):
		return "asks for readiness"
	}
	return ""
}
