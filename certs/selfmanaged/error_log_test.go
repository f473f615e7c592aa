package selfmanaged

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnErrorIsLoggedAtOnceAndThenEveryFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		log := newErrorLog(slog.New(slog.NewTextHandler(&b, nil)), "it failed")
		lines := func(want int, when string) {
			t.Helper()
			if got := strings.Count(b.String(), "it failed"); got != want {
				t.Errorf("%d lines %s, want %d", got, when, want)
			}
		}
		first, second := errors.New("first"), errors.New("second")
		log.record(nil)
		lines(0, "before any error")
		log.record(first)
		lines(1, "after the first error")
		time.Sleep(repeatAfter - time.Second)
		log.record(first)
		lines(1, "just before five minutes")
		time.Sleep(time.Second)
		log.record(first)
		lines(2, "after five minutes")
		log.record(second)
		lines(3, "after another error")
		log.record(nil)
		log.record(second)
		lines(4, "after a success and the same error")
	})
}
