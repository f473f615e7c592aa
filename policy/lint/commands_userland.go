package lint

import (
	"path"
	"slices"
	"strings"
)

// posixTools come with the userland of a Linux distribution.
func posixTools() [15]string {
	return [...]string{
		"cat", "ls", "test", "[", "ps", "pgrep", "pidof", "true", "false", "echo", "grep", "stat", "touch", "kill", "env",
	}
}

// needsUserland reports whether a command starts with a shell or a tool of POSIX, and with which.
func needsUserland(argv []string, windows bool) (program string, needs bool) {
	if len(argv) == 0 {
		return "", false
	}
	tools := posixTools()
	program = path.Base(argv[0])
	needs = isShell(program) || slices.Contains(tools[:], program) || (windows && strings.HasPrefix(argv[0], "/"))
	return program, needs
}
