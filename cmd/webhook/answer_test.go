package main

import (
	"io"
	"net"
	"strings"
	"testing"
)

func TestTheAnswerOfAPodIsShown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct{ argument, want, failure string }{
		"an answer is printed":                 {argument: "--show-answer=web: readiness", want: "The webhook answered: web: readiness\n"},
		"no answer is an error":                {argument: "--show-answer=", failure: "the API server did not call the webhook"},
		"a webhook that listens is named":      {argument: "--connect-to=" + listener.Addr().String(), want: "The webhook listens at " + listener.Addr().String() + "\n"},
		"one that does not listen is an error": {argument: "--connect-to=" + free.Addr().String(), failure: "the webhook cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout strings.Builder
			err := run(t.Context(), []string{c.argument}, &stdout, io.Discard)
			if stdout.String() != c.want {
				t.Errorf("it prints %q, want %q", stdout.String(), c.want)
			}
			if (err == nil) != (c.failure == "") || (err != nil && !strings.Contains(err.Error(), c.failure)) {
				t.Errorf("the error is %v, want %q", err, c.failure)
			}
		})
	}
}
