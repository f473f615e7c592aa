package lint

import "slices"

// outcome is the set of ways in which a part of a script can end.
type outcome uint8

const (
	// succeeds and fails: the shell goes on, with 0 or with another status.
	succeeds outcome = 1 << iota
	fails
	// exitsWell and exitsBadly: the shell ends.
	exitsWell
	exitsBadly

	goesOn  = succeeds | fails
	unknown = goesOn
)

// asProcess is an outcome as whoever started the shell sees it.
func (o outcome) asProcess() outcome {
	return o&goesOn | o>>2
}

// asEnd is the outcome of a program that takes the place of the shell.
func (o outcome) asEnd() outcome { return o.asProcess() << 2 }

// evaluation works out how a script can end. It knows lists, pipelines, groups and if; where it meets anything else
// that changes the order of commands, it gives up.
type evaluation struct {
	tokens []token
	// last is the outcome of the last simple command.
	last outcome
	// errexit and pipefail are the shell's options.
	errexit, pipefail bool
	gaveUp            bool
	depth             int
}

// deepest bounds groups within groups and shells within shells.
const deepest = 16

// outcomeOf works out how a script can end, seen from outside. ok reports whether it could be.
func outcomeOf(s *shellCall, depth int) (o outcome, ok bool) {
	tokens, ok := words(s.script)
	if !ok || depth > deepest {
		return unknown, false
	}
	e := evaluation{tokens: tokens, last: succeeds, errexit: s.errexit, pipefail: s.pipefail, depth: depth}
	o = e.list().asProcess()
	return o, !e.gaveUp && len(e.tokens) == 0
}

func (e *evaluation) giveUp() outcome {
	e.gaveUp, e.tokens = true, nil
	return unknown
}

// at reports whether the next token is one of the operators.
func (e *evaluation) at(operators ...string) bool {
	return len(e.tokens) > 0 && e.tokens[0].operator && slices.Contains(operators, e.tokens[0].text)
}

// atWord reports whether the next token is one of the keywords.
func (e *evaluation) atWord(keywords ...string) bool {
	return len(e.tokens) > 0 && !e.tokens[0].operator && !e.tokens[0].quoted && slices.Contains(keywords, e.tokens[0].text)
}

func (e *evaluation) skip(operators ...string) {
	for e.at(operators...) {
		e.tokens = e.tokens[1:]
	}
}

// expect takes a keyword or operator that has to come now.
func (e *evaluation) expect(text string) bool {
	if !e.at(text) && !e.atWord(text) {
		e.giveUp()
		return false
	}
	e.tokens = e.tokens[1:]
	return true
}

// closers end a list.
var closers = []string{"}", "then", "elif", "else", "fi"}

// list is a sequence of and-or lists.
func (e *evaluation) list() outcome {
	if e.depth++; e.depth > deepest {
		return e.giveUp()
	}
	defer func() { e.depth-- }()
	all := succeeds
	for e.skip(";", "\n"); len(e.tokens) > 0 && !e.at(")") && !e.atWord(closers...); e.skip(";", "\n") {
		item := e.andOr()
		if e.at("&") {
			e.tokens = e.tokens[1:]
			item = succeeds
		}
		if all&goesOn != 0 {
			all = all&^goesOn | item
		}
	}
	return all
}

func (e *evaluation) andOr() outcome {
	all := e.pipeline()
	for e.at("&&", "||") {
		stops := succeeds
		if e.tokens[0].text == "&&" {
			stops = fails
		}
		e.tokens = e.tokens[1:]
		e.skip("\n")
		next := e.pipeline()
		if goes := goesOn &^ stops; all&goes != 0 {
			all = all&^goes | next
		}
	}
	return all
}

// pipeline ends as its last command does. Under errexit a failure ends the shell, unless && or || comes after it.
func (e *evaluation) pipeline() outcome {
	negated := e.atWord("!")
	if negated {
		e.tokens = e.tokens[1:]
	}
	o, lists := e.command()
	for e.at("|", "|&") {
		e.tokens = e.tokens[1:]
		e.skip("\n")
		next, filters := e.piped()
		before := o.asProcess()
		o, lists = next.asProcess(), lists && filters
		if e.pipefail {
			o |= before & fails
		}
		if lists {
			o = succeeds
		}
	}
	switch {
	case negated:
		o = o&^goesOn | o&succeeds<<1 | o&fails>>1
	case e.errexit && !e.at("&&", "||"):
		o = o&^fails | o&fails<<2
	}
	return o
}

// piped is a command behind a pipe, and reports whether it only shortens what it reads.
func (e *evaluation) piped() (o outcome, filters bool) {
	filters = len(e.tokens) > 0 && (&simpleCommand{words: []string{e.tokens[0].text}}).filters()
	o, _ = e.command()
	return o, filters
}

// unreadable begin what changes the order of commands in ways that are not followed.
var unreadable = []string{"while", "until", "for", "case", "select", "function", "trap"}

// command is a simple or a compound command. lists reports that it only tells what exists.
func (e *evaluation) command() (o outcome, lists bool) {
	switch {
	case e.at("("):
		return e.subshell(), false
	case e.atWord("{"):
		e.tokens = e.tokens[1:]
		o = e.list()
		e.expect("}")
		e.redirections()
		return o, false
	case e.atWord("if"):
		o = e.conditional()
		e.redirections()
		return o, false
	case e.atWord(unreadable...), e.at("&", ";;", "|", "&&", "||"):
		return e.giveUp(), false
	case e.atWord("[["):
		return e.test(), false
	}
	return e.simple()
}

func (e *evaluation) subshell() outcome {
	e.tokens = e.tokens[1:]
	errexit, pipefail := e.errexit, e.pipefail
	o := e.list().asProcess()
	e.errexit, e.pipefail = errexit, pipefail
	e.expect(")")
	e.redirections()
	return o
}

// redirections drops what may stand behind a compound command.
func (e *evaluation) redirections() {
	for len(e.tokens) > 0 && !e.tokens[0].operator && !e.atWord(closers...) {
		e.tokens = e.tokens[1:]
	}
}

// conditional is "if", up to its "fi".
func (e *evaluation) conditional() outcome {
	e.tokens = e.tokens[1:]
	errexit := e.errexit
	e.errexit = false
	condition := e.list()
	e.errexit = errexit
	all := condition &^ goesOn
	if !e.expect("then") {
		return unknown
	}
	if then := e.list(); condition&succeeds != 0 {
		all |= then
	}
	otherwise := succeeds
	switch {
	case e.atWord("elif"):
		otherwise = e.conditional()
	case e.atWord("else"):
		e.tokens = e.tokens[1:]
		otherwise = e.list()
		e.expect("fi")
	default:
		e.expect("fi")
	}
	if condition&fails != 0 {
		all |= otherwise
	}
	return all
}

// test is "[[ ... ]]", in which && and || are no operators of the shell.
func (e *evaluation) test() outcome {
	for len(e.tokens) > 0 && e.tokens[0].text != "]]" {
		e.tokens = e.tokens[1:]
	}
	e.expect("]]")
	return unknown
}

func (e *evaluation) simple() (o outcome, lists bool) {
	var c simpleCommand
	for len(e.tokens) > 0 && !e.tokens[0].operator {
		c.add(&e.tokens[0])
		e.tokens = e.tokens[1:]
	}
	if e.at("(") { // a function
		return e.giveUp(), false
	}
	o, lists = e.judge(&c)
	e.last = o
	return o, lists
}

// judge says how a simple command can end.
func (e *evaluation) judge(whole *simpleCommand) (o outcome, lists bool) {
	c := unwrap(*whole)
	switch program := c.program(); {
	case program == "":
		if whole.substitutes || len(whole.words) == 0 || !isAssignment(whole.words[0]) {
			return unknown, false
		}
		return succeeds, false
	case program == "set":
		e.set(c.words[1:])
		return succeeds, false
	case program == "exit", program == "return":
		return e.exit(&c), false
	case program == "eval", program == ".", program == "source":
		return goesOn | exitsWell | exitsBadly, false
	case program == "false":
		o = fails
	case c.isConstant():
		o = succeeds
	case c.lists():
		o, lists = succeeds, true
	default:
		o = e.called(&c)
	}
	if whole.words[0] == "exec" {
		o = o.asEnd()
	}
	return o, lists
}

// called is the outcome of a program, which may be a shell with a script of its own.
func (e *evaluation) called(c *simpleCommand) outcome {
	s, ok := shellScript(c.words)
	if !ok {
		return unknown
	}
	o, ok := outcomeOf(&s, e.depth+1)
	if !ok {
		return unknown
	}
	return o
}

func (e *evaluation) exit(c *simpleCommand) outcome {
	switch {
	case len(c.words) == 1, c.words[1] == "$?":
		return e.last.asEnd()
	case c.words[1] == "0":
		return exitsWell
	}
	return exitsWell | exitsBadly
}

// set follows the options that end a shell early.
func (e *evaluation) set(arguments []string) {
	for i, option := range arguments {
		if option == "--" {
			return
		}
		on := option != "" && option[0] == '-'
		if !on && (option == "" || option[0] != '+') {
			continue
		}
		for _, letter := range option[1:] {
			switch {
			case letter == 'e':
				e.errexit = on
			case letter == 'o' && i+1 < len(arguments):
				e.setNamed(arguments[i+1], on)
			}
		}
	}
}

func (e *evaluation) setNamed(option string, on bool) {
	switch option {
	case "errexit":
		e.errexit = on
	case "pipefail":
		e.pipefail = on
	}
}
