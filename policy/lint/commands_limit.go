package lint

import (
	"strconv"
	"strings"
)

// client is a program that waits for a peer.
type client struct {
	name string
	// flags limit in seconds how long it waits; "" is none.
	flags [2]string
	// limit applies without a flag, in seconds; 0 is none, or so long that it makes no difference.
	limit float64
}

// clients with their manuals' words for a time limit.
var clients = []client{
	{"curl", [2]string{"-m", "--max-time"}, 0},
	{"wget", [2]string{"-T", "--timeout"}, 0},
	{"nc", [2]string{"-w"}, 0},
	{"grpc_health_probe", [2]string{"-rpc-timeout", "--rpc-timeout"}, 1},
	{"pg_isready", [2]string{"-t", "--timeout"}, 3},
	{"psql", [2]string{}, 0},
	{"mysql", [2]string{"--connect-timeout", "--connect_timeout"}, 0},
	{"mysqladmin", [2]string{"--connect-timeout", "--connect_timeout"}, 0},
	{"mariadb-admin", [2]string{"--connect-timeout", "--connect_timeout"}, 0},
	{"redis-cli", [2]string{"-t"}, 0},
	{"mongosh", [2]string{}, 0},
	{"nodetool", [2]string{}, 0},
	{"rabbitmqctl", [2]string{"-t", "--timeout"}, 0},
	{"rabbitmq-diagnostics", [2]string{"-t", "--timeout"}, 0},
	{"etcdctl", [2]string{"--command-timeout"}, 5},
	{"vault", [2]string{"-client-timeout"}, 0},
}

// shortTimeout is a timeoutSeconds that leaves a client without a limit of its own hardly a chance to end by itself.
const shortTimeout = 2

// outlives says for how long a command may run beyond the probe's timeout, or nothing. A command of which nothing is
// known is taken to end by itself.
func outlives(argv []string, timeout int64) (program, runs string, found bool) {
	commands := commandsOf(argv)
	for i := range commands {
		c := &commands[i]
		limit, waits := c.timeLimit()
		switch {
		case limit >= float64(timeout):
			return c.program(), strconv.FormatFloat(limit, 'f', -1, 64) + " s", true
		case waits && limit == 0 && timeout <= shortTimeout:
			return c.program(), "longer", true
		}
	}
	return "", "", false
}

// timeLimit is how long the command can run, in seconds; 0 is not limited. waits reports that it is known to wait for
// a peer.
func (c *simpleCommand) timeLimit() (limit float64, waits bool) {
	for _, known := range clients {
		if known.name != c.program() {
			continue
		}
		limit = known.limit
		for _, flag := range known.flags {
			if explicit := flagSeconds(c.words[1:], flag); explicit > 0 {
				limit = explicit
			}
		}
		waits = true
	}
	if c.limit > 0 && (limit == 0 || c.limit < limit) {
		limit = c.limit
	}
	return limit, waits
}

// flagSeconds reads "--flag 3", "--flag=3", "-f 3", "-f3" and "-xf 3".
func flagSeconds(words []string, flag string) float64 {
	if flag == "" {
		return 0
	}
	short := len(flag) == 2
	for i, w := range words {
		rest, begins := strings.CutPrefix(w, flag)
		switch {
		case begins && rest != "" && (short || rest[0] == '='):
			if seconds := secondsOf(strings.TrimPrefix(rest, "=")); seconds > 0 {
				return seconds
			}
		case i+1 == len(words):
		case begins && rest == "", short && isCluster(w) && strings.HasSuffix(w, flag[1:]):
			return secondsOf(words[i+1])
		}
	}
	return 0
}

// isCluster reports whether a word is several short options.
func isCluster(w string) bool {
	return len(w) > 2 && w[0] == '-' && w[1] != '-' && !strings.ContainsAny(w, "=0123456789")
}

// secondsOf reads 3, 0.5, 3s and 2m; what it cannot read is 0.
func secondsOf(text string) float64 {
	factor := 1.0
	if minutes, ok := strings.CutSuffix(text, "m"); ok {
		text, factor = minutes, 60
	}
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
	if err != nil || seconds < 0 || seconds > 1e6 {
		return 0
	}
	return seconds * factor
}
