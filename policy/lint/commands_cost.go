package lint

import (
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
		if name := commands[i].program(); isCostly(name) {
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
