package output

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// colorFlag is the flag of all verbs.
const colorFlag = "color"

// colorMode is auto, always or never.
type colorMode string

const (
	colorAuto   colorMode = "auto"
	colorAlways colorMode = "always"
	colorNever  colorMode = "never"
)

// Values are those that the flag takes, for the shell's completion.
func (m *colorMode) Values() []string {
	return []string{string(colorAuto), string(colorAlways), string(colorNever)}
}

func (m *colorMode) Set(text string) error {
	if !slices.Contains(m.Values(), text) {
		return errors.New("must be auto, always or never")
	}
	*m = colorMode(text)
	return nil
}

func (m *colorMode) String() string { return string(*m) }

func (m *colorMode) Type() string { return "WHEN" }

// AddColor adds the flag --color.
func AddColor(flags *pflag.FlagSet) {
	mode := colorAuto
	flags.Var(&mode, colorFlag, "color the text: auto (on a terminal, unless NO_COLOR is set), always or never")
}

// Palette paints text, or leaves it as it is.
type Palette bool

// PaletteFor is the one for a stream: what --color says, else none where NO_COLOR is set (https://no-color.org) or the stream
// is no terminal.
func PaletteFor(flags *pflag.FlagSet, to io.Writer) Palette {
	if flag := flags.Lookup(colorFlag); flag != nil && flag.Value.String() != string(colorAuto) {
		return flag.Value.String() == string(colorAlways)
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && Palette(IsTerminal(to))
}

// IsTerminal reports whether a person watches the stream.
func IsTerminal(to any) bool {
	file, isFile := to.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// Style is how a text stands out.
type Style string

// The styles: those that every terminal has (ECMA-48, SGR).
const (
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// Paint gives a text a style.
func (p Palette) Paint(style Style, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
