package lint

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a liveness command that is still simple.
const (
	maxPipes         = 2
	maxCommandLength = 200
)

// costlyPrograms start a runtime, open a session, or need a peer.
var costlyPrograms = []string{"curl", "wget", "psql", "mysql", "mongosh", "nodetool", "rabbitmqctl", "java"}

// costlyPrefix begins the names of Kafka's tools, each of which starts a JVM.
const costlyPrefix = "kafka-"

func isCostly(program string) bool {
	return slices.Contains(costlyPrograms, program) || strings.HasPrefix(program, costlyPrefix)
}

// complexity says why a command is more than a liveness probe should run, or nothing.
func complexity(argv []string) (why string, found bool) {
	length := max(0, len(argv)-1)
	for _, w := range argv {
		length += len(w)
	}
	commands := commandsOf(argv)
	pipes := 0
	for i := range commands {
		if name, ok := commands[i].calls(isCostly); ok {
			return "calls " + shown(name), true
		}
		if commands[i].before == "|" {
			pipes++
		}
	}
	switch {
	case pipes > maxPipes:
		return strconv.Itoa(pipes) + " pipes", true
	case length > maxCommandLength:
		return strconv.Itoa(length) + " characters", true
	}
	return "", false
}

// keywords of the shell are followed by a command.
var keywords = []string{"if", "then", "elif", "else", "while", "until", "do", "!", "{"}

// calls finds a program that is run by the simple command, after keywords and in command substitutions too.
func (c *simpleCommand) calls(is func(program string) bool) (name string, found bool) {
	commandFollows := true
	for _, w := range c.words {
		bare := strings.TrimLeft(w, "(`$\"'")
		if commandFollows || strings.Contains(w, "$(") || strings.HasPrefix(w, "`") {
			_, inner, substituted := strings.Cut(w, "$(")
			if substituted {
				bare = inner
			}
			if program := path.Base(strings.TrimRight(bare, ")`\"'")); is(program) {
				return program, true
			}
		}
		commandFollows = commandFollows && (slices.Contains(keywords, w) || isAssignment(w))
	}
	return "", false
}
