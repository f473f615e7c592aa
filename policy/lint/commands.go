package lint

import (
	"path"
	"slices"
	"strings"
)

// simpleCommand is one program with its arguments, and the shell's operator before it: "" for the first, "$(" for the
// first of a command substitution, else one of operators.
type simpleCommand struct {
	before string
	words  []string
	// limit is what a timeout command in front of the program allows, in seconds; 0 is none.
	limit float64
	// substitutes reports that a word holds a command substitution.
	substitutes bool
}

func (c *simpleCommand) add(t *token) {
	c.words = append(c.words, t.text)
	c.substitutes = c.substitutes || len(t.inner) > 0
}

// What is read of a command. Whoever writes more has a complex command (PS027) and costs the review no more than others.
const (
	// longestScript is in bytes.
	longestScript = 4096
	// mostWords are those of a command without a shell.
	mostWords = 256
)

// commandsOf takes a probe's command apart, through "sh -c" and command substitutions too, in the order in which they are
// written. It returns nothing for what it cannot read, such as quotes that do not close.
func commandsOf(argv []string) []simpleCommand {
	return expand(simpleCommand{words: argv[:min(len(argv), mostWords)]}, 0)
}

// expand drops what stands before the program, and gives the commands of its script if it is a shell that has one.
func expand(c simpleCommand, depth int) []simpleCommand {
	whole := unwrap(c)
	s, ok := shellScript(whole.words)
	if !ok {
		return []simpleCommand{whole}
	}
	if len(s.script) > longestScript || depth > deepest {
		return nil
	}
	commands := splitScript(s.script, depth+1)
	for i := range commands {
		if commands[i].limit == 0 {
			commands[i].limit = whole.limit
		}
	}
	if len(commands) > 0 && whole.before != "" {
		commands[0].before = whole.before
	}
	return commands
}

// splitScript gives the simple commands of a script. Those of a substitution come before the command that it is part of.
func splitScript(script string, depth int) []simpleCommand {
	tokens, ok := words(script)
	if !ok || depth > deepest {
		return nil
	}
	var commands []simpleCommand
	var c simpleCommand
	for i := range tokens {
		t := &tokens[i]
		switch {
		case !t.operator && (len(c.words) > 0 || t.quoted || !slices.Contains(keywords, t.text)):
			commands = append(commands, substitutions(t, depth)...)
			c.add(t)
		case !t.operator: // a keyword, behind which a command follows
		default:
			commands = appendCommand(commands, c, depth)
			if len(c.words) > 0 || t.text != "\n" {
				c.before = t.text
			}
			c = simpleCommand{before: operatorBefore(c.before, t.text)}
		}
	}
	return appendCommand(commands, c, depth)
}

// operatorBefore is the operator that a command follows, of two in a row: parentheses and line ends change nothing.
func operatorBefore(earlier, operator string) string {
	if operator == "(" || operator == ")" {
		return earlier
	}
	return operator
}

func substitutions(t *token, depth int) []simpleCommand {
	var all []simpleCommand
	for _, script := range t.inner {
		inner := splitScript(script, depth+1)
		if len(inner) > 0 {
			inner[0].before = "$("
		}
		all = append(all, inner...)
	}
	return all
}

func appendCommand(commands []simpleCommand, c simpleCommand, depth int) []simpleCommand {
	if len(c.words) == 0 {
		return commands
	}
	return append(commands, expand(c, depth)...)
}

// keywords of the shell that stand where a command could.
var keywords = []string{"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}", "esac"}

var shells = []string{"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"}

func isShell(program string) bool {
	return slices.Contains(shells, path.Base(program))
}

// shellCall is a shell that runs a script from its command line.
type shellCall struct {
	script string
	// runs reports the option -c; errexit and pipefail are options too.
	runs, errexit, pipefail bool
}

// shellScript finds the script of "sh -c SCRIPT", also with other options before and beside -c.
func shellScript(argv []string) (s shellCall, ok bool) {
	if len(argv) == 0 || !isShell(argv[0]) {
		return s, false
	}
	rest := argv[1:]
	if path.Base(argv[0]) == "busybox" && len(rest) > 0 && isShell(rest[0]) {
		rest = rest[1:]
	}
	for len(rest) > 0 && len(rest[0]) > 1 && rest[0][0] == '-' {
		taken := s.option(rest)
		rest = rest[min(taken, len(rest)):]
	}
	if !s.runs || len(rest) == 0 {
		return s, false
	}
	s.script = rest[0]
	return s, true
}

// option reads the first of the words, which is an option, and gives how many words it takes.
func (s *shellCall) option(words []string) int {
	option := words[0]
	switch {
	case option == "--rcfile" || option == "--init-file":
		return 2
	case strings.HasPrefix(option, "--"):
		return 1
	}
	s.runs = s.runs || strings.Contains(option, "c")
	s.errexit = s.errexit || strings.Contains(option, "e")
	if !strings.ContainsAny(option, "oO") || len(words) == 1 {
		return 1
	}
	s.errexit, s.pipefail = s.errexit || words[1] == "errexit", s.pipefail || words[1] == "pipefail"
	return 2
}

// wrappers run the program that follows them and end as it ends.
var wrappers = []string{"exec", "command", "builtin", "env", "nice", "time", "nohup"}

// unwrap drops what stands before the program: wrappers with their options, assignments, and timeout, whose limit it
// keeps.
func unwrap(c simpleCommand) simpleCommand {
	for len(c.words) > 0 {
		first := path.Base(c.words[0])
		switch {
		case first == "timeout":
			c.words, c.limit = dropTimeout(c.words[1:])
		case first == "busybox" && len(c.words) > 1 && !isShell(c.words[1]) && c.words[1][:min(1, len(c.words[1]))] != "-":
			c.words = c.words[1:]
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
		if slices.Contains([]string{"-k", "-s", "--kill-after", "--signal"}, words[0]) {
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
