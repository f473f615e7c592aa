package listen

import (
	"sync/atomic"
	"time"
)

// stage is how far a connection has come.
type stage int32

const (
	// stageSilent is a connection that has sent nothing, or less than a ClientHello.
	stageSilent stage = iota
	stageHandshake
	// stageSpare is a connection whose handshake is done and that has sent no request yet: an API server that gets several
	// requests at once opens one for each, and keeps those that it did not need.
	stageSpare
	stageHeader
	stageBody
	// stageReview is a request that has arrived and is being answered.
	stageReview
	// stageAnswer is an answer that is being written to the client.
	stageAnswer
	// stageFarewell is an answer that was written and is the last: net/http gives the client half a second to read it,
	// where closing at once would take it away.
	stageFarewell
	// stageIdle is a connection between two requests.
	stageIdle
	// stageClosed is a connection that was closed, by whoever it was.
	stageClosed
)

// stageNames are the values of the label "stage", by stage.
var stageNames = [...]string{"silent", "handshake", "spare", "header", "body", "review", "answer", "farewell", "idle"}

// hasNoRequest reports whether nothing would be lost if a connection at the stage ended.
func (s stage) hasNoRequest() bool { return s == stageSilent || s == stageSpare || s == stageIdle }

// progress is a stage and since when. One goroutine moves it on, and the room may end it at any moment.
type progress struct {
	stage atomic.Int32
	since atomic.Int64
}

// start is what times of progress are counted from: the clock of the process goes on when that of the node is set.
var start = time.Now()

func (p *progress) now() stage { return stage(p.stage.Load()) }

// age is how long the connection has been at its stage.
func (p *progress) age() time.Duration { return time.Since(start) - time.Duration(p.since.Load()) }

// restart lets the time at the stage begin anew.
func (p *progress) restart() { p.since.Store(int64(time.Since(start))) }

// to moves on to a stage, unless the connection was closed.
func (p *progress) to(next stage) {
	for {
		at := p.stage.Load()
		if stage(at) == stageClosed || stage(at) == next {
			return
		}
		if p.stage.CompareAndSwap(at, int32(next)) {
			p.restart()
			return
		}
	}
}

// closeFrom ends a connection that is still at a stage, and reports whether it was.
func (p *progress) closeFrom(at stage) bool {
	return p.stage.CompareAndSwap(int32(at), int32(stageClosed))
}
