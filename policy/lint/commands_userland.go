package lint

import (
	"path"
	"slices"
	"strings"
)

// posixTools come with the userland of a Linux distribution.
var posixTools = []string{
	"cat", "ls", "test", "[", "ps", "pgrep", "pidof", "true", "false", "echo", "grep", "stat", "touch", "kill", "env",
}

// needsUserland reports whether a command starts with a shell or a tool of POSIX, and with which.
func needsUserland(argv []string, windows bool) (program string, needs bool) {
	if len(argv) == 0 {
		return "", false
	}
	program = path.Base(argv[0])
	needs = isShell(program) || slices.Contains(posixTools, program) || (windows && strings.HasPrefix(argv[0], "/"))
	return program, needs
}
