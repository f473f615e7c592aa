package workload

import (
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/environment"
)

// Argument finds a flag in command and args: alone, before "=", or with its value in the next argument. Of several equal flags
// the last one counts, as for the flag libraries of Go, Python and C. Of a shell's script the last command is looked at, which is
// the one that keeps the container running; a flag that stands elsewhere in the script is found with the value "$": like that of a
// variable, it is known only to the shell. A system property of Java is looked for in the JVM's variables, too.
func (c *Container) Argument(name string) (value string, found bool) {
	all := slices.Concat(c.Command, c.Args)
	script := ""
	if at := scriptOf(all); at >= 0 {
		script = all[at]
		all = lastCommand(script)
	}
	for i, arg := range slices.Backward(all) {
		before, after, assigned := strings.Cut(arg, "=")
		if !sameFlag(before, name) {
			continue
		}
		if !assigned && i+1 < len(all) {
			after = all[i+1]
		}
		return after, true
	}
	if mentions(script, name) {
		return "$", true
	}
	return c.property(name)
}

// property finds a system property of Java, -DNAME, in the variables that hold options of a JVM. The command line goes before
// them. A variable whose value is not known says nothing.
func (c *Container) property(name string) (value string, found bool) {
	if !environment.IsProperty(name) {
		return "", false
	}
	for _, variable := range environment.JavaOptions {
		options, literal := c.Env.Value(variable)
		if !literal {
			continue
		}
		for _, word := range slices.Backward(strings.Fields(options)) {
			if before, after, _ := strings.Cut(word, "="); before == name {
				return after, true
			}
		}
	}
	return "", false
}

// Mentions reports whether a flag stands anywhere in command and args, also within a text such as a shell's script. It is
// cheaper than Argument, and reads no value.
func (c *Container) Mentions(name string) bool {
	return mentioned(c.Command, name) || mentioned(c.Args, name)
}

func mentioned(words []string, name string) bool {
	for _, word := range words {
		before, _, _ := strings.Cut(word, "=")
		if sameFlag(before, name) || (strings.Contains(word, name) && mentions(word, name)) {
			return true
		}
	}
	return false
}

// mentions reports whether a flag stands somewhere in a script.
func mentions(script, name string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(" \t\n=\"';|&()`", r) }),
		func(word string) bool { return sameFlag(word, name) })
}

// sameFlag compares flags with one dash and with two, which Go's flag package does not tell apart.
func sameFlag(a, b string) bool {
	return strings.HasPrefix(a, "-") && strings.TrimLeft(a, "-") == strings.TrimLeft(b, "-")
}

// lastCommand are the words of the command that a script ends in. There are none where the script has anything that takes more
// than dividing it into words. Variables stay as they are written, so that nobody takes them for a value.
func lastCommand(script string) []string {
	var w words
	for _, r := range strings.TrimRight(strings.ReplaceAll(script, "\\\n", " "), " \t\n;") {
		read := w.outside
		if w.quote != 0 {
			read = w.within
		}
		if !read(r) {
			return nil
		}
	}
	w.end()
	if w.quote != 0 || (len(w.all) > 0 && slices.Contains([]string{"fi", "done", "esac", "}"}, w.all[0])) {
		return nil
	}
	return w.all
}

// words are those of a command, as far as it is read.
type words struct {
	all   []string
	word  string
	open  bool
	quote rune
}

func (w *words) end() {
	if w.open {
		w.all = append(w.all, w.word)
	}
	w.word, w.open = "", false
}

// outside reads a character that is not between quotes, and reports whether it is one that words are divided by or made of.
func (w *words) outside(r rune) bool {
	switch {
	case r == '"' || r == '\'':
		w.quote, w.open = r, true
	case r == ' ' || r == '\t':
		w.end()
	case strings.ContainsRune(";&\n", r):
		*w = words{}
	case strings.ContainsRune("|<>()`\\*?[!#", r):
		return false
	default:
		w.word, w.open = w.word+string(r), true
	}
	return true
}

// within reads a character between quotes.
func (w *words) within(r rune) bool {
	switch {
	case r == w.quote:
		w.quote = 0
	case w.quote == '"' && strings.ContainsRune("`\\", r):
		return false
	default:
		w.word += string(r)
	}
	return true
}
