package annotation

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// foreign maps words of other tools (Docker, Compose, Nomad, other injectors, and Kubernetes' own probes) to ours.
// Keys are folded: lower case, letters only.
var foreign = map[string]string{
	"startperiod":         string(StartupBudget),
	"starttimeout":        string(StartupBudget),
	"startuptimeout":      string(StartupBudget),
	"startuptime":         string(StartupBudget),
	"budget":              string(StartupBudget),
	"bootbudget":          string(StartupBudget),
	"initialdelay":        "liveness.initialDelaySeconds",
	"initialdelayseconds": "liveness.initialDelaySeconds",
	"delay":               "liveness.initialDelaySeconds",
	"interval":            "liveness.periodSeconds",
	"period":              "liveness.periodSeconds",
	"periodseconds":       "liveness.periodSeconds",
	"timeout":             "liveness.timeoutSeconds",
	"timeoutseconds":      "liveness.timeoutSeconds",
	"retries":             "liveness.failureThreshold",
	"threshold":           "liveness.failureThreshold",
	"failurethreshold":    "liveness.failureThreshold",
	"healthcheck":         string(Liveness),
	"health":              string(Liveness),
	"healthz":             string(Liveness),
	"live":                string(Liveness),
	"livez":               string(Liveness),
	"ready":               string(Readiness),
	"readyz":              string(Readiness),
	"started":             string(Startup),
	"enabled":             string(Inject),
	"enable":              string(Inject),
	"probes":              string(Inject),
	"probe":               string(Inject),
	"skip":                string(Inject) + `: "false"`,
	"exclude":             string(Inject) + `: "false"`,
	"ignore":              string(Inject) + `: "false"`,
	"disabled":            string(Inject) + `: "false"`,
	"preset":              string(Profile),
	"framework":           string(Profile),
	"class":               string(Profile),
	"host":                string(HostHeader),
	"restarttimeout":      string(RestartAfter),
	"killafter":           string(RestartAfter),
	"drainafter":          string(UnreadyAfter),
	"statusz":             string(Liveness),
}

// unknownKey says of a key of ours that does not exist what was probably meant.
func unknownKey(container, name string) string {
	if name == string(Status) {
		return "status is written by probe-injector: remove the key"
	}
	if meant, ok := suggest(name); ok {
		return fmt.Sprintf("unknown key: did you mean %s?", Key(container, meant))
	}
	return "unknown key: remove it, or see the annotation reference"
}

// suggest finds the key name that was probably meant.
func suggest(name string) (string, bool) {
	if len(name) > maxSuggestable {
		return "", false
	}
	folded := fold(name)
	if meant, ok := foreign[folded]; ok {
		return meant, true
	}
	for _, kind := range probe.Kinds() {
		if rest, ok := strings.CutPrefix(folded, string(kind)); ok && isOneOf(rest, "path", "port", "probe", "url", "endpoint", "http", "tcp", "grpc", "handler", "check") {
			return string(kind), true
		}
	}
	return Nearest(name, names())
}

// maxSuggestable bounds the length of a name for which a near one is searched: the time grows with its product.
const maxSuggestable = 63

// Nearest finds the known name with the fewest typing errors: one, or one in four letters of a longer name.
func Nearest(name string, known []string) (string, bool) {
	if len(name) > maxSuggestable {
		return "", false
	}
	folded := fold(name)
	best, bestDistance := "", max(1, len(folded)/4)+1
	for _, candidate := range known {
		if distance := editDistance(folded, fold(candidate)); distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best, best != ""
}

// names are all names that a key can have.
func names() []string {
	var all []string
	for _, d := range Reference() {
		all = append(all, string(d.Word))
	}
	for _, kind := range probe.Kinds() {
		for _, name := range probe.Fields() {
			all = append(all, string(kind)+"."+string(name))
		}
	}
	return all
}

// fold keeps the letters, in lower case, so that spelling conventions do not count as typing errors.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// editDistance is the Levenshtein distance, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
