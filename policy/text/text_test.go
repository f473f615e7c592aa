package text_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy/text"
)

func TestText(t *testing.T) {
	rows := map[string]struct{ got, want string }{
		"ASCII stays":                        {text.ASCII("a b~"), "a b~"},
		"the rest becomes question marks":    {text.ASCII("a\nä\x7f"), "a???"},
		"letters of any script are printed":  {text.Printable("ä"), "ä"},
		"control characters become spaces":   {text.Printable("a\nb\u0085c"), "a b c"},
		"no UTF-8 is marked":                 {text.Printable("a\xff"), "a\uFFFD"},
		"a short text stays":                 {text.Truncate("ääää", 4, "…"), "ääää"},
		"a long one ends in the mark":        {text.Truncate("äääää", 4, "…"), "äää…"},
		"a long mark is within the length":   {text.Truncate("abcdef", 5, "..."), "ab..."},
		"short bytes stay":                   {text.TruncateBytes("ä", 2), "ä"},
		"no character is cut in two":         {text.TruncateBytes("äb", 1), ""},
		"what is no UTF-8 is dropped anyway": {text.TruncateBytes("a\xffb", 9), "ab"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("%q, want %q", row.got, row.want)
			}
		})
	}
}
