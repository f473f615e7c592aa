package workload

import (
	"path"
	"slices"
	"strings"
)

// Words are the words of command and args. The script of a shell is taken apart at its blanks.
func (c *Container) Words() []string {
	all := slices.Concat(c.Command, c.Args)
	at := scriptOf(all)
	if at < 0 {
		return all
	}
	words := slices.Clone(all[:at])
	for word := range strings.FieldsSeq(strings.ReplaceAll(all[at], "\\\n", " ")) {
		words = append(words, strings.Trim(word, `"';()&|`))
	}
	return append(words, all[at+1:]...)
}

// shells run the script after an option c, which may stand among others: -ecx. The image of CockroachDB has its own name for
// one, shell (build/deploy/cockroach.sh).
var shells = [...]string{"sh", "bash", "ash", "dash", "zsh", "shell"}

// scriptOf is the place of a shell's script among the words of a command; -1 where there is none.
func scriptOf(all []string) int {
	for i := range all {
		switch {
		case i > 0 && hasOptionC(all[i]) && i+1 < len(all) && slices.Contains(shells[:], path.Base(all[i-1])):
			return i + 1
		case i > 1 && all[i] == "-c" && i+1 < len(all) && strings.HasPrefix(all[i-1], "-") && slices.Contains(shells[:], path.Base(all[0])):
			return i + 1
		}
	}
	return -1
}

// hasOptionC reports whether a word is a cluster of one-letter options with c among them.
func hasOptionC(word string) bool {
	return strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.Contains(word, "c")
}

// starters start the program that follows them, after options and a user's name.
var starters = [...]string{
	"exec", "env", "nice", "nohup", "time", "setsid", "stdbuf", "ionice", "catatonit", "tini", "tini-static", "dumb-init",
	"docker-entrypoint.sh", "entrypoint.sh", "gosu", "su-exec", "setpriv", "chpst", "runuser", "chroot",
	"sh", "bash", "ash", "dash", "zsh", "java", "python", "python3", "node", "perl", "ruby",
}

// maxPrograms bounds how many programs of a script are looked at.
const maxPrograms = 32

// Programs are the programs that the container's command starts, without their directories: its own and those that it
// hands over to, each command of a shell's script among them.
func (c *Container) Programs() []string {
	all := slices.Concat(c.Command, c.Args)
	at := scriptOf(all)
	if at < 0 {
		return programsOf(all)
	}
	var programs []string
	separated := strings.FieldsFunc(strings.ReplaceAll(all[at], "\\\n", " "), func(r rune) bool { return strings.ContainsRune(";&|\n(){}", r) })
	for _, command := range separated {
		if len(programs) < maxPrograms {
			programs = append(programs, programsOf(strings.Fields(command))...)
		}
	}
	return programs
}

// programsOf are the programs of one command: the first word, and what that starts.
func programsOf(words []string) []string {
	var programs []string
	handsOver := false
	for _, word := range words {
		word = strings.Trim(word, `"'`)
		name := path.Base(word)
		switch {
		case strings.HasPrefix(word, "-"), len(programs) == 0 && isAssignment(word), word == "then" || word == "do" || word == "else" || word == "if":
			continue
		case handsOver && (name == word && isUser(programs[len(programs)-1])):
			// The name of a user.
			programs[len(programs)-1] = "exec"
			continue
		}
		programs = append(programs, name)
		if handsOver = slices.Contains(starters[:], name); !handsOver {
			break
		}
	}
	return programs
}

func isUser(program string) bool {
	return program == "gosu" || program == "su-exec" || program == "chpst"
}

// isAssignment reports whether a word sets a variable for the command that follows.
func isAssignment(word string) bool {
	name, _, assigned := strings.Cut(word, "=")
	return assigned && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// Assigns reports whether an argument has its value behind "=".
func (c *Container) Assigns(name string) bool {
	return slices.ContainsFunc(c.Words(), func(word string) bool {
		before, _, assigned := strings.Cut(word, "=")
		return assigned && sameFlag(before, name)
	})
}
