package detect

import (
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// ListenNames are the names of flags by which servers are told where to listen, without dashes, dots and underscores: what
// Go, Java, Python, Node.js and Ruby servers have in common. A flag that says more, such as metrics-bind-address, is about
// a server of its own; it counts only with the port that it names. Of the letters -H is Next.js' and Docker's, -h Flask's, -a
// http-server's and -o rackup's.
var ListenNames = []string{
	"address", "addr", "bind", "bindaddr", "bindaddress", "bindhost", "bindip", "binding", "host", "hostname", "httpaddr",
	"httpaddress", "httphost", "httplistenaddr", "httplistenaddress", "httpbindaddress", "interface", "ip", "listen",
	"listenaddr", "listenaddress", "listenhost", "listenip", "listenon", "serveraddress", "serverhost", "serverhttpaddress",
	"serverhttphost", "quarkushttphost", "micronautserverhost", "urls", "webaddress", "webhost", "weblistenaddress", "b", "l", "S", "H", "h", "a", "o",
}

// otherLetters are those of ListenNames that mean something else in most programs: an address of more than loopback behind one of
// them binds nothing, so that it does not outweigh what does bind to loopback.
var otherLetters = []string{"H", "h", "a", "o"}

// portNames are the names of flags by which servers are told their port, written as in ListenNames. Others that end so are about
// a server of its own.
var portNames = []string{"port", "httpport", "listenport", "serverport", "webport", "p"}

// ListenVariables are the environment variables by which servers are told where to listen. Package environment keeps
// their values.
var ListenVariables = []string{
	"HOST", "HOSTNAME", "BIND", "BIND_ADDR", "BIND_ADDRESS", "BIND_HOST", "LISTEN", "LISTEN_ADDR", "LISTEN_ADDRESS", "LISTEN_HOST",
	"ADDRESS", "ADDR", "HTTP_HOST", "HTTP_ADDR", "HTTP_ADDRESS", "SERVER_ADDRESS", "SERVER_HOST", "MANAGEMENT_SERVER_ADDRESS",
	"QUARKUS_HTTP_HOST", "QUARKUS_MANAGEMENT_HOST", "MICRONAUT_SERVER_HOST", "ASPNETCORE_URLS", "URLS", "FLASK_RUN_HOST", "UVICORN_HOST",
	"GRADIO_SERVER_NAME", "STREAMLIT_SERVER_ADDRESS", "OLLAMA_HOST", "GF_SERVER_HTTP_ADDR", "GUNICORN_CMD_ARGS", "KC_HTTP_HOST",
	"KC_HTTP_MANAGEMENT_HOST", "BINDING", "BIND_IP", "CHAINLIT_HOST", "DOTNET_URLS", "HTTP_LISTEN_ADDR", "HTTP_LISTEN_ADDRESS", "LISTEN_IP",
	"MB_JETTY_HOST", "MLFLOW_HOST", "N8N_LISTEN_ADDRESS", "NITRO_HOST", "NUXT_HOST", "PGADMIN_LISTEN_ADDRESS", "ROCKET_ADDRESS", "SERVER_ADDR",
}

// PortVariables are the environment variables by which servers are told their port, by the convention of Heroku and its buildpacks
// (PORT) and of frameworks.
var PortVariables = []string{"PORT", "APP_PORT", "HTTP_PORT", "LISTEN_PORT", "SERVER_PORT"}

// foreignVariables are those of ListenVariables that are about one server of several, by the word that its port's name has.
// Without a port of their own they bind no other port.
var foreignVariables = []string{"MANAGEMENT_SERVER_ADDRESS", "QUARKUS_MANAGEMENT_HOST", "KC_HTTP_MANAGEMENT_HOST"}

// clientNames are words of flags whose address is that of somebody else: the program connects there.
var clientNames = []string{
	"advertise", "backend", "broker", "connect", "database", "db", "dest", "destination", "endpoint", "join", "master", "peer",
	"peers", "proxy", "redis", "remote", "retry", "seed", "target", "upstream",
}

// listening is one address at which a container's arguments or variables tell a program to listen.
type listening struct {
	// said is what was seen, for people.
	said string
	// port is 0 where only the host is named: then every port of the program is meant.
	port     int32
	loopback bool
	// name is the flag's, so that the last of two equal ones counts; empty for an address without a flag.
	name string
	// general reports that the program itself is meant, and not one server of several.
	general bool
	// portOnly reports that nothing is said about the host.
	portOnly bool
}

// Bound is a literal argument or variable that binds a port to loopback.
type Bound struct {
	// Said is what was seen, for people.
	Said string
	// Exactly reports that it names the port too, so that no other server can be meant.
	Exactly bool
}

// Loopback finds the literal argument or variable that binds what listens on a port to the container's loopback
// interface, where the kubelet, which connects to the Pod's address (pkg/probe), does not reach it. It finds none where
// another one binds the same port to more than loopback.
func (all Listenings) Loopback(port int32) (Bound, bool) {
	var bound Bound
	for i := range all {
		l := &all[i]
		switch {
		case l.portOnly, l.port != 0 && l.port != port:
			continue
		case !l.loopback:
			return Bound{}, false
		}
		bound = Bound{l.said, bound.Exactly || l.port == port}
	}
	return bound, bound.Said != ""
}

// Elsewhere finds the literal argument or variable that gives the program another port than this one. It finds none where any of
// them names this port, too.
func (all Listenings) Elsewhere(port int32) (said string, found bool) {
	for i := range all {
		switch l := &all[i]; {
		case l.port == port:
			return "", false
		case l.general && l.port != 0:
			said, found = l.said, true
		}
	}
	return said, found
}

// Listenings are the addresses at which the arguments and variables of a container tell its program to listen. They are read
// once for all probes of the container.
type Listenings []listening

// ListeningsOf reads the addresses. Arguments go before variables, as in most programs, each for what it says: one that names
// only a port leaves the host to the variables.
func ListeningsOf(c *workload.Container) Listenings {
	out := argumentListenings(c)
	saysPort := slices.ContainsFunc(out, func(l listening) bool { return l.port != 0 && l.general })
	if !slices.ContainsFunc(out, func(l listening) bool { return !l.portOnly }) {
		out = append(out, variableAddresses(c)...)
	}
	if saysPort {
		return out
	}
	return append(out, variablePorts(c)...)
}

// variableAddresses are the addresses that variables name.
func variableAddresses(c *workload.Container) []listening {
	var out []listening
	for _, name := range ListenVariables {
		value, literal := c.Env.Value(name)
		if !literal || value == "" {
			continue
		}
		if name == "GUNICORN_CMD_ARGS" {
			out = append(out, flagListenings(strings.Fields(value))...)
			continue
		}
		for _, l := range addresses(name+"="+value, value) {
			l.general = !slices.Contains(foreignVariables, name)
			if l.port == 0 && !l.general {
				continue
			}
			out = append(out, l)
		}
	}
	return out
}

// variablePorts are the ports that variables name.
func variablePorts(c *workload.Container) []listening {
	var out []listening
	for _, name := range PortVariables {
		value, literal := c.Env.Value(name)
		if !literal {
			continue
		}
		if port := portNumber(value); port != 0 {
			out = append(out, listening{said: name + "=" + value, port: port, general: true, portOnly: true})
		}
	}
	return out
}

func argumentListenings(c *workload.Container) []listening {
	words := make([]string, 0, len(c.Command)+len(c.Args))
	for _, list := range [...][]string{c.Command, c.Args} {
		for _, arg := range list {
			if strings.ContainsAny(arg, " \n\t") {
				words = append(words, serverWords(arg)...)
				continue
			}
			words = append(words, arg)
		}
	}
	return flagListenings(words)
}

// clients are programs whose address is that of the server that they ask.
var clients = []string{
	"cqlsh", "curl", "etcdctl", "grpcurl", "mongo", "mongosh", "mysql", "mysqladmin", "nc", "ncat", "netcat", "openssl", "pg_isready", "ping",
	"psql", "redis-cli", "telnet", "wget",
}

// serverWords are the words of a shell's script, without those of clients, which wait for a server in many scripts.
func serverWords(script string) []string {
	var words []string
	asks := false
	for word := range strings.FieldsSeq(strings.ReplaceAll(script, "\n", " ; ")) {
		begins := strings.TrimLeft(word, "`($")
		asks = asks || slices.Contains(clients, path.Base(begins))
		if !asks {
			words = append(words, word)
		}
		if strings.ContainsAny(word[len(word)-1:], ";&|)`") {
			asks = false
		}
	}
	return words
}

// flagListenings reads the words of a command line.
func flagListenings(words []string) []listening {
	var out []listening
	for i := 0; i < len(words); i++ {
		word := strings.Trim(words[i], `'"`)
		if !strings.HasPrefix(word, "-") {
			out = append(out, positional(words, i, word)...)
			continue
		}
		name, value, assigned := strings.Cut(strings.TrimPrefix(word, "-D"), "=")
		said := word
		if !assigned {
			// Some take several values: redis-server --bind 127.0.0.1 ::1.
			values := leadingValues(words[i+1:])
			i += len(values)
			value = strings.Trim(strings.Join(values, ","), `'"`)
			said = strings.Join(append([]string{word}, values...), " ")
		}
		out = replaceHost(out, flagAddresses(name, said, strings.Trim(value, `'"`)))
	}
	return out
}

// leadingValues are a number, or the words before the first that is no address.
func leadingValues(words []string) []string {
	if len(words) > 0 && portNumber(strings.Trim(words[0], `'"`)) != 0 {
		return words[:1]
	}
	for i := range words {
		if !isAddress(words[i]) {
			return words[:i]
		}
	}
	return words
}

// positional reads an address that stands alone: php -S knows its flag, manage.py runserver 127.0.0.1:8000 has none. Only
// one with a port counts, and a URL is what somebody asks.
func positional(words []string, i int, word string) []listening {
	if i == 0 || strings.Contains(word, "://") {
		return nil
	}
	host, port := splitAddress(word)
	if port == 0 || !isLoopback(host) {
		return nil
	}
	if before := words[i-1]; strings.HasPrefix(before, "-") && namesClient(before) {
		return nil
	}
	return []listening{{said: word, port: port, loopback: true}}
}

// flagAddresses are the addresses of one flag.
func flagAddresses(name, said, value string) []listening {
	plain := plainName(name)
	if port := portNumber(value); port != 0 && (plain == "p" || strings.HasSuffix(plain, "port")) && !namesClient(name) {
		return []listening{{said: said, port: port, name: plain, general: slices.Contains(portNames, plain), portOnly: true}}
	}
	general := slices.Contains(ListenNames, plain)
	var out []listening
	for _, l := range addresses(said, value) {
		if l.port == 0 && !general {
			continue
		}
		if !general && (namesClient(name) || strings.Contains(value, "://")) {
			continue
		}
		if !l.loopback && slices.Contains(otherLetters, plain) {
			continue
		}
		l.name, l.general = plain, general
		out = append(out, l)
	}
	return out
}

// replaceHost appends addresses; one without a port takes the place of earlier ones of the same flag.
func replaceHost(all, more []listening) []listening {
	if len(more) == 0 {
		return all
	}
	all = slices.DeleteFunc(all, func(l listening) bool {
		return l.name != "" && l.name == more[0].name && (l.port == 0 || slices.Contains(portNames, l.name))
	})
	return append(all, more...)
}

func plainName(flag string) string {
	flag = strings.TrimLeft(flag, "-")
	if len(flag) > 1 {
		flag = strings.ToLower(flag)
	}
	return separators.Replace(flag)
}

// separators are what flags are spelt with in between. Making a Replacer takes 40 KiB, so that it is made once.
var separators = strings.NewReplacer("-", "", ".", "", "_", "")

func namesClient(flag string) bool {
	words := strings.FieldsFunc(strings.ToLower(flag), func(r rune) bool { return r == '-' || r == '.' || r == '_' })
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(clientNames, word) })
}

// addresses reads a value that may hold several addresses, with or without scheme and port.
func addresses(said, value string) []listening {
	var out []listening
	for each := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		host, port := splitAddress(each)
		out = append(out, listening{said: said, port: port, loopback: isLoopback(host)})
	}
	return out
}

// splitAddress reads HOST, HOST:PORT, [HOST]:PORT and SCHEME://HOST:PORT/PATH. The port is 0 where there is none.
func splitAddress(text string) (host string, port int32) {
	if _, rest, isURL := strings.Cut(text, "://"); isURL {
		text, _, _ = strings.Cut(rest, "/")
	}
	// Traefik writes 127.0.0.1:8080/tcp.
	text, _, _ = strings.Cut(text, "/")
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !isLoopback(text) {
		return strings.Trim(text[:i], "[]"), portNumber(text[i+1:])
	}
	return text, 0
}

// isLoopback reports whether a host is the loopback interface, in any spelling that a C library resolves to it
// (inet_aton(3)) and any of IPv6, also with the address of IPv4 inside.
func isLoopback(host string) bool {
	if host == "" || host[0] == ':' && !strings.Contains(host[1:], ":") {
		// Only a port.
		return false
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	switch host {
	case "localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback":
		return true
	}
	if strings.HasSuffix(host, ".localhost") {
		// RFC 6761, section 6.3.
		return true
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().IsLoopback()
	}
	return isOldLoopback(host)
}

// isOldLoopback reads the forms of an IPv4 address that inet_aton takes: fewer than four parts, hexadecimal and octal ones.
func isOldLoopback(host string) bool {
	const (
		allParts    = 4
		loopbackNet = 127
		netShift    = 24
	)
	parts := strings.Split(host, ".")
	if len(parts) > allParts || !strings.ContainsAny(host, ".x") && len(host) < len("2130706433") {
		return false
	}
	var first uint64
	for i, part := range parts {
		number, err := strconv.ParseUint(part, 0, 32)
		if err != nil {
			return false
		}
		if i == 0 {
			first = number
		}
	}
	if len(parts) == 1 {
		first >>= netShift
	}
	return first == loopbackNet
}

// isAddress reports whether a word behind a flag can be its value, a host or a host with a port.
func isAddress(word string) bool {
	word = strings.Trim(word, `'"`)
	if word == "" || strings.HasPrefix(word, "--") {
		return false
	}
	if u, err := url.Parse(word); err == nil && u.Host != "" {
		return true
	}
	host, port := splitAddress(word)
	if isLoopback(host) || port != 0 {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(strings.TrimPrefix(host, "-"), "[]"))
	return err == nil || host == "*"
}
