package exit_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

func TestTheWorstErrorGivesTheCode(t *testing.T) {
	lost := exit.With(exit.Incomplete, errors.New("page 2 is lost"))
	missing := fmt.Errorf("reading: %w", fs.ErrNotExist)
	for name, row := range map[string]struct {
		err  error
		code exit.Code
		says []string
	}{
		"nothing is wrong":                   {nil, exit.Fine, nil},
		"an error of any kind":               {errors.New("x"), exit.Unusable, []string{"x"}},
		"an error around another":            {missing, exit.Unusable, []string{"reading: file does not exist"}},
		"what was found is in the report":    {exit.ErrFound, exit.Found, nil},
		"a policy with mistakes is told":     {exit.With(exit.Found, errors.New("spec.mode: x")), exit.Found, []string{"spec.mode: x"}},
		"unreadable input goes before found": {errors.Join(exit.ErrFound, missing), exit.Unusable, []string{"reading: file does not exist"}},
		"incomplete goes before all":         {errors.Join(missing, exit.ErrFound, lost), exit.Incomplete, []string{"reading: file does not exist", "page 2 is lost"}},
		"a code survives what is put around": {fmt.Errorf("audit: %w", lost), exit.Incomplete, []string{"audit: page 2 is lost"}},
		"a sentence around several is kept":  {fmt.Errorf("%w and %w", errors.New("a"), lost), exit.Incomplete, []string{"a and page 2 is lost"}},
		"no error with a code":               {exit.With(exit.Incomplete, nil), exit.Fine, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exit.Of(row.err); got != row.code {
				t.Errorf("code %d, want %d", got, row.code)
			}
			if diff := cmp.Diff(row.says, exit.Messages(row.err)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
	if len(exit.Meanings()) != int(exit.Incomplete)+1 {
		t.Error("a code has no meaning")
	}
}
