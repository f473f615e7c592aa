package lint

import (
	"path"
	"slices"
	"strings"
)

// simpleCommand is one program with its arguments, and the shell's operator before it: "" for the first, else one of
// operators.
type simpleCommand struct {
	before string
	words  []string
	// limit is what a timeout command in front of the program allows, in seconds; 0 is none.
	limit float64
}

// operators of the shell that end a simple command, the longer first. A single & is left out: it is mostly part of a
// redirection such as 2>&1.
var operators = []string{"&&", "||", ";", "|", "\n"}

// What is read of a command. Whoever writes more has a complex command (PS027) and costs the review no more than others.
const (
	// longestScript is in bytes.
	longestScript = 4096
	// mostWords are those of a command without a shell.
	mostWords = 256
)

// commandsOf takes a probe's command apart, through "sh -c" too. It returns nothing for what it cannot read, such as
// quotes that do not close.
func commandsOf(argv []string) []simpleCommand {
	whole := unwrap(simpleCommand{words: argv[:min(len(argv), mostWords)]})
	script, ok := shellScript(whole.words)
	if !ok {
		return []simpleCommand{whole}
	}
	if len(script) > longestScript {
		return nil
	}
	commands := splitScript(script)
	for i := range commands {
		commands[i] = unwrap(commands[i])
		if commands[i].limit == 0 {
			commands[i].limit = whole.limit
		}
	}
	return commands
}

var shells = []string{"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"}

func isShell(program string) bool {
	return slices.Contains(shells, path.Base(program))
}

// shellScript finds the script of "sh -c SCRIPT", also with other options before and beside -c.
func shellScript(argv []string) (string, bool) {
	if len(argv) == 0 || !isShell(argv[0]) {
		return "", false
	}
	for i, option := range argv[1:] {
		switch {
		case i == 0 && isShell(option): // busybox sh
		case !strings.HasPrefix(option, "-"):
			return "", false
		case !strings.HasPrefix(option, "--") && strings.Contains(option, "c") && i+2 < len(argv):
			return argv[i+2], true
		}
	}
	return "", false
}

// splitScript cuts a script at the operators that stand outside of quotes and parentheses.
func splitScript(script string) []simpleCommand {
	var commands []simpleCommand
	var quote byte
	before, begin, depth := "", 0, 0
	for i := 0; i < len(script); i++ {
		switch c := script[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth <= 0:
			if operator := operatorAt(script[i:]); operator != "" {
				commands = appendCommand(commands, before, script[begin:i])
				before, begin = operator, i+len(operator)
				i = begin - 1
			}
		}
	}
	if quote != 0 {
		return nil
	}
	return appendCommand(commands, before, script[begin:])
}

func operatorAt(text string) string {
	for _, operator := range operators {
		if strings.HasPrefix(text, operator) {
			return operator
		}
	}
	return ""
}

// appendCommand adds a simple command, unless it is empty or a comment.
func appendCommand(commands []simpleCommand, before, text string) []simpleCommand {
	words := strings.Fields(text)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return commands
	}
	for i := range words {
		words[i] = strings.Trim(words[i], `"'`)
	}
	return append(commands, simpleCommand{before: before, words: words})
}

// wrappers run the program that follows them and end as it ends.
var wrappers = []string{"exec", "command", "env", "nice", "time"}

// unwrap drops what stands before the program: wrappers with their options, assignments, and timeout, whose limit it
// keeps.
func unwrap(c simpleCommand) simpleCommand {
	for len(c.words) > 0 {
		first := path.Base(c.words[0])
		switch {
		case first == "timeout":
			c.words, c.limit = dropTimeout(c.words[1:])
		case slices.Contains(wrappers, first):
			c.words = dropOptions(c.words[1:])
		case isAssignment(c.words[0]):
			c.words = c.words[1:]
		default:
			return c
		}
	}
	return c
}

// dropTimeout reads the limit of "timeout [-k SECONDS] [-s SIGNAL] SECONDS PROGRAM"; older busybox wants "-t SECONDS".
func dropTimeout(words []string) (rest []string, limit float64) {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		if words[0] == "-k" || words[0] == "-s" {
			words = words[1:]
		}
		words = words[min(1, len(words)):]
	}
	if len(words) == 0 {
		return nil, 0
	}
	return words[1:], secondsOf(words[0])
}

func dropOptions(words []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		words = words[1:]
	}
	return words
}

// isAssignment reports whether a word is NAME=value.
func isAssignment(text string) bool {
	name, _, ok := strings.Cut(text, "=")
	return ok && name != "" && !strings.ContainsAny(name, "/-.$\"'[ ")
}

// program is the base name of what is run.
func (c *simpleCommand) program() string {
	if len(c.words) == 0 {
		return ""
	}
	return path.Base(c.words[0])
}
