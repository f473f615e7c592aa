package lint

import (
	"strconv"
	"strings"
	"time"
)

// client is a program that waits for a peer.
type client struct {
	name string
	// flags limit in seconds how long it waits; "" is none.
	flags [2]string
	// limit applies without a flag, in seconds; 0 is none, or so long that it makes no difference.
	limit float64
	// valued are the short options besides the limit that take a value: what follows one of them in the same word is
	// its value and no further option.
	valued string
}

// clients with their manuals' words for a time limit.
var clients = []client{
	{name: "curl", flags: [2]string{"-m", "--max-time"}, valued: "AbcCdDeEFhHKoPQrtTuUwxXyYz"},
	{name: "wget", flags: [2]string{"-T", "--timeout"}, valued: "aABDeGiIloOPQRtUwX"},
	{name: "nc", flags: [2]string{"-w"}, valued: "eghiIMmoOpPqsTVWXx"},
	{name: "grpc_health_probe", flags: [2]string{"-rpc-timeout", "--rpc-timeout"}, limit: 1},
	{name: "pg_isready", flags: [2]string{"-t", "--timeout"}, limit: 3, valued: "dhpU"},
	{name: "psql"},
	{name: "mysql", flags: [2]string{"--connect-timeout", "--connect_timeout"}},
	{name: "mysqladmin", flags: [2]string{"--connect-timeout", "--connect_timeout"}},
	{name: "mariadb-admin", flags: [2]string{"--connect-timeout", "--connect_timeout"}},
	{name: "redis-cli", flags: [2]string{"-t"}, valued: "ahpsnriudDX"},
	{name: "mongosh"},
	{name: "nodetool"},
	{name: "rabbitmqctl", flags: [2]string{"-t", "--timeout"}, valued: "np"},
	{name: "rabbitmq-diagnostics", flags: [2]string{"-t", "--timeout"}, valued: "np"},
	{name: "etcdctl", flags: [2]string{"--command-timeout"}, limit: 5},
	{name: "vault", flags: [2]string{"-client-timeout"}},
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
	for i := range clients {
		known := &clients[i]
		if known.name != c.program() {
			continue
		}
		limit = known.limit
		for _, flag := range known.flags {
			if explicit := known.seconds(c.words[1:], flag); explicit > 0 {
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

// seconds reads what a flag is set to: "--flag 3", "--flag=3", "-f 3", "-f3", and "-xf3" and "-xf 3" where x takes no
// value. 0 is that it is not set.
func (k *client) seconds(words []string, flag string) float64 {
	for i, w := range words {
		rest, is := k.cut(w, flag)
		switch {
		case !is:
		case rest != "":
			if seconds := secondsOf(strings.TrimPrefix(rest, "=")); seconds > 0 {
				return seconds
			}
		case i+1 < len(words):
			return secondsOf(words[i+1])
		}
	}
	return 0
}

// cut finds the flag in a word, and gives what stands behind it in the same word.
func (k *client) cut(w, flag string) (rest string, is bool) {
	if len(flag) != 2 {
		rest, is = strings.CutPrefix(w, flag)
		return rest, is && flag != "" && (rest == "" || rest[0] == '=')
	}
	if len(w) < 2 || w[0] != '-' || w[1] == '-' {
		return "", false
	}
	for i := 1; i < len(w); i++ {
		switch {
		case w[i] == flag[1]:
			return w[i+1:], true
		case strings.IndexByte(k.valued, w[i]) >= 0:
			return "", false
		}
	}
	return "", false
}

// secondsOf reads 3, 0.5, 3s, 2m and what Go reads as a duration; what it cannot read is 0.
func secondsOf(text string) float64 {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		duration, err := time.ParseDuration(text)
		if err != nil {
			return 0
		}
		seconds = duration.Seconds()
	}
	if seconds < 0 || seconds > 1e6 {
		return 0
	}
	return seconds
}
