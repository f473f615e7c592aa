package lint

import (
	"slices"
	"strings"
)

// listers tell that processes or files exist, which in a container whose main process runs is always so.
var listers = []string{"pgrep", "pidof", "ps", "ls"}

// filters only shorten what a lister printed.
var filters = []string{"grep", "egrep", "awk", "wc", "head", "tail"}

// alwaysSucceeds finds commands that end well whether the application works or not, and what shows it. In doubt, it
// finds nothing.
func alwaysSucceeds(argv []string) (what string, found bool) {
	commands := commandsOf(argv)
	if len(commands) == 0 || opensConnections(commands) {
		return "", false
	}
	last := &commands[len(commands)-1]
	if len(commands) > 1 && last.endsWell() && last.isReached() && !mayEndBefore(commands[:len(commands)-1]) {
		return "... " + strings.TrimSpace(last.before+" "+strings.Join(last.words, " ")), true
	}
	return onlyLists(commands)
}

// onlyLists finds scripts of nothing but commands that always succeed or that list.
func onlyLists(commands []simpleCommand) (what string, found bool) {
	for i := range commands {
		c := &commands[i]
		switch {
		case c.endsWell(), c.lists():
			if what == "" {
				what = c.program()
			}
		case c.before == "|" && what != "" && c.filters():
		case c.program() == "exit" && i > 0: // passes on what was found before
		default:
			return "", false
		}
	}
	return what, what != ""
}

// opensConnections reports whether a command uses the shells' way to open a connection, to which even a constant command
// can redirect.
func opensConnections(commands []simpleCommand) bool {
	for i := range commands {
		for _, w := range commands[i].words {
			if strings.Contains(w, "/dev/tcp/") {
				return true
			}
		}
	}
	return false
}

// endsWell reports whether the command always ends with 0.
func (c *simpleCommand) endsWell() bool {
	switch c.program() {
	case "true", ":", "echo", "printf":
		return true
	case "exit":
		return len(c.words) == 2 && c.words[1] == "0"
	}
	return false
}

// lists reports whether the command only tells that something exists, process 1 for instance.
func (c *simpleCommand) lists() bool {
	if c.program() == "kill" {
		return len(c.words) == 3 && c.words[1] == "-0" && c.words[2] == "1"
	}
	return slices.Contains(listers, c.program())
}

func (c *simpleCommand) filters() bool {
	return slices.Contains(filters, c.program())
}

// isReached reports whether the command runs although those before it failed.
func (c *simpleCommand) isReached() bool {
	return c.before == ";" || c.before == "||" || c.before == "\n"
}

// mayEndBefore reports whether a script can end before its last command.
func mayEndBefore(commands []simpleCommand) bool {
	return slices.ContainsFunc(commands, func(c simpleCommand) bool {
		return slices.ContainsFunc(c.words, func(w string) bool {
			return strings.Contains(w, "exit") || strings.Contains(w, "return") || w == "set" || w == "exec"
		})
	})
}
