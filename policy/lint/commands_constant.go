package lint

import (
	"slices"
	"strings"
)

// constants end with 0, whatever the application does.
var constants = []string{
	"true", ":", "echo", "printf", "sleep", "date", "uname", "hostname", "pwd", "whoami", "id",
	"export", "unset", "readonly", "umask",
}

// listers tell that processes exist, which in a container whose main process runs is always so.
var listers = []string{"pgrep", "pidof", "ps"}

// filters only shorten what a lister printed.
var filters = []string{"grep", "egrep", "awk", "wc", "head", "tail"}

// alwaysSucceeds finds commands that end well whether the application works or not, and what shows it. In doubt, it
// finds nothing.
func alwaysSucceeds(argv []string) (what string, found bool) {
	commands := commandsOf(argv)
	if len(commands) == 0 || listsSeveral(commands) {
		return "", false
	}
	e := evaluation{last: succeeds}
	if o, _ := e.judge(&simpleCommand{words: argv[:min(len(argv), mostWords)]}); o.asProcess() != succeeds {
		return "", false
	}
	first, last := &commands[0], &commands[len(commands)-1]
	if everySays(commands) && (len(commands) == 1 || !last.concludes()) {
		return first.program(), true
	}
	return "... " + strings.TrimSpace(last.before+" "+strings.Join(last.words, " ")), true
}

// concludes reports whether the command is a constant that is reached although those before it failed.
func (c *simpleCommand) concludes() bool {
	return (c.isConstant() || c.program() == "exit" && c.words[len(c.words)-1] == "0") && slices.Contains([]string{"||", ";", "\n"}, c.before)
}

// says reports whether the command is a constant or tells what exists.
func (c *simpleCommand) says() bool { return c.isConstant() || c.lists() || c.program() == "exit" }

func everySays(commands []simpleCommand) bool {
	return !slices.ContainsFunc(commands, func(c simpleCommand) bool {
		return !c.says() && (c.before != "|" || !c.filters())
	})
}

// listsSeveral reports whether different processes are looked for, of which at most one is the container's main process.
func listsSeveral(commands []simpleCommand) bool {
	looked := ""
	for i := range commands {
		c := &commands[i]
		if c.program() != "pgrep" && c.program() != "pidof" {
			continue
		}
		if what := strings.Join(c.words[1:], " "); looked == "" {
			looked = what
		} else if looked != what {
			return true
		}
	}
	return false
}

// isConstant reports whether the command always ends with 0. A redirection can fail, and the shells' way to open a
// connection is one.
func (c *simpleCommand) isConstant() bool {
	return slices.Contains(constants, c.program()) && !c.redirectsToFile()
}

// harmlessTargets of redirections are always there.
var harmlessTargets = []string{"/dev/null", "/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2", "-", "0", "1", "2"}

// redirectsToFile reports whether the command reads or writes a file that could be missing.
func (c *simpleCommand) redirectsToFile() bool {
	for i, w := range c.words {
		operator := strings.TrimLeft(w, "0123456789&")
		target := strings.TrimLeft(operator, "<>&|")
		if target == operator {
			continue
		}
		if target == "" && i+1 < len(c.words) {
			target = c.words[i+1]
		}
		if !slices.Contains(harmlessTargets, target) {
			return true
		}
	}
	return false
}

// lists reports whether the command only tells that something exists, process 1 for instance.
func (c *simpleCommand) lists() bool {
	switch c.program() {
	case "kill":
		return len(c.words) == 3 && c.words[1] == "-0" && c.words[2] == "1"
	case "ls":
		return !slices.ContainsFunc(c.words[1:], mayBeWritten)
	}
	return slices.Contains(listers, c.program())
}

// stateWords are parts of the names of files by which applications tell their state.
var stateWords = []string{
	"alive", "health", "healthy", "live", "lock", "ok", "pid", "ready", "running", "sock", "socket", "started", "up",
}

// stateFolders hold files that come and go with the application.
var stateFolders = []string{"/tmp/", "/run/", "/var/run/", "/dev/shm/", "/var/lock/"}

// mayBeWritten reports whether a path may be a file that the application writes to tell its state.
func mayBeWritten(path string) bool {
	return slices.ContainsFunc(stateFolders, func(folder string) bool { return strings.HasPrefix(path, folder) && path != folder }) ||
		slices.ContainsFunc(wordsOf(path), func(w string) bool { return slices.Contains(stateWords, w) }) ||
		strings.ContainsAny(path, "$*?")
}

func (c *simpleCommand) filters() bool {
	return slices.Contains(filters, c.program())
}
