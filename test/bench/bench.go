package main

import (
	"fmt"
	"io"
)

// bench is what all experiments share.
type bench struct {
	quick bool
	log   io.Writer
}

// logf tells people what is going on.
func (b *bench) logf(format string, args ...any) {
	fmt.Fprintf(b.log, format+"\n", args...)
}

// times is how often something is done: as often as it needs, or as quickly as possible.
func (b *bench) times(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}
