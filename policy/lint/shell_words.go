package lint

import "strings"

// token is a word of a script without its quotes, or an operator.
type token struct {
	text     string
	operator bool
	// quoted reports that a quote or a backslash was part of the word, so that it is no keyword.
	quoted bool
	// inner are the scripts of command substitutions within the word.
	inner []string
}

// operators of the shell, the longer first.
var operators = []string{"&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")"}

// words takes a script apart. It returns nothing where it cannot, such as for quotes that do not close.
func words(script string) (tokens []token, ok bool) {
	l := lexer{rest: script}
	for l.rest != "" && !l.broken {
		if operator := l.operator(); operator != "" {
			l.endWord()
			l.tokens = append(l.tokens, token{text: operator, operator: true})
			l.rest = l.rest[len(operator):]
			continue
		}
		l.step()
	}
	l.endWord()
	return l.tokens, !l.broken
}

// lexer reads a script from its beginning.
type lexer struct {
	rest   string
	tokens []token
	word   strings.Builder
	within token
	// inWord reports that a word has begun, which may be an empty one in quotes.
	inWord, broken bool
}

// operator is the one with which the rest begins. The & of a redirection is none.
func (l *lexer) operator() string {
	for _, operator := range operators {
		if strings.HasPrefix(l.rest, operator) {
			if operator == "&" && (l.redirects() || strings.HasPrefix(l.rest, "&>")) {
				return ""
			}
			return operator
		}
	}
	return ""
}

func (l *lexer) redirects() bool {
	written := l.word.String()
	return strings.HasSuffix(written, ">") || strings.HasSuffix(written, "<")
}

func (l *lexer) endWord() {
	if l.inWord {
		l.within.text = l.word.String()
		l.tokens = append(l.tokens, l.within)
	}
	l.word.Reset()
	l.within, l.inWord = token{}, false
}

// step reads what is neither an operator nor nothing.
func (l *lexer) step() {
	c := l.rest[0]
	switch {
	case c == ' ' || c == '\t' || c == '\r':
		l.endWord()
		l.rest = l.rest[1:]
	case c == '#' && !l.inWord:
		l.skipComment()
	case c == '\\':
		l.escaped()
	case c == '\'':
		text, _, closed := strings.Cut(l.rest[1:], "'")
		l.take(text, len(text)+2)
		l.within.quoted, l.broken = true, l.broken || !closed
	case c == '"':
		l.doubleQuoted()
	case c == '`' || strings.HasPrefix(l.rest, "$("):
		l.substituted()
	default:
		l.take(l.rest[:1], 1)
	}
}

// take adds text to the word and drops so much of the rest.
func (l *lexer) take(text string, length int) {
	l.word.WriteString(text)
	l.inWord = true
	l.rest = l.rest[min(length, len(l.rest)):]
}

func (l *lexer) skipComment() {
	if end := strings.IndexByte(l.rest, '\n'); end >= 0 {
		l.rest = l.rest[end:]
		return
	}
	l.rest = ""
}

func (l *lexer) escaped() {
	switch {
	case len(l.rest) < 2:
		l.broken = true
	case l.rest[1] == '\n':
		l.rest = l.rest[2:]
	default:
		l.take(l.rest[1:2], 2)
		l.within.quoted = true
	}
}

func (l *lexer) doubleQuoted() {
	l.take("", 1)
	l.within.quoted = true
	for l.rest != "" && !l.broken {
		switch c := l.rest[0]; {
		case c == '"':
			l.rest = l.rest[1:]
			return
		case c == '\\':
			l.escaped()
		case c == '`' || strings.HasPrefix(l.rest, "$("):
			l.substituted()
		default:
			l.take(l.rest[:1], 1)
		}
	}
	l.broken = true
}

// substituted reads a command substitution. The word keeps it as it is written.
func (l *lexer) substituted() {
	begin, end := 1, closingBacktick(l.rest)
	if l.rest[0] == '$' {
		begin, end = 2, closingParenthesis(l.rest)
	}
	if end < 0 {
		l.broken = true
		return
	}
	l.within.inner = append(l.within.inner, l.rest[begin:end])
	l.take(l.rest[:end+1], end+1)
}

func closingBacktick(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '`':
			return i
		}
	}
	return -1
}

// closingParenthesis finds the end of "$(", past quotes and further parentheses.
func closingParenthesis(text string) int {
	depth := 0
	var quote byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote == '\'' && c != quote:
		case c == '\'' && quote == 0, c == '"' && quote != '\'', c == quote:
			quote ^= c
		case c == '(' && quote == 0:
			depth++
		case c == ')' && quote == 0:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
