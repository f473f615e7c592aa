package trial

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/policy/text"
)

// Verdict is what a try has shown.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Unknown Verdict = "unknown"
)

// Try is one request to one Pod and what came of it.
type Try struct {
	Pod     string  `json:"pod"`
	Code    int     `json:"code,omitempty"`
	Millis  int64   `json:"milliseconds"`
	Verdict Verdict `json:"verdict"`
	// Why is the reason for any other verdict than pass.
	Why string `json:"why,omitempty"`
}

// Answer is what came back for a request through the API server.
type Answer struct {
	// Code is the status of the Pod's answer; 0 when it gave none.
	Code int
	Took time.Duration
	// Unreached is why the API server got no answer from the Pod, in its words.
	Unreached string
	// Silent reports that nothing came back in time.
	Silent bool
}

// Judge fills in what an answer means for a probe that waits for so many seconds: the kubelet accepts 200 to 399
// (pkg/probe/http/http.go).
func (t *Try) Judge(a Answer, seconds int32) {
	t.Code, t.Millis = a.Code, a.Took.Milliseconds()
	switch {
	case a.Silent:
		t.Verdict, t.Why = Fail, fmt.Sprintf("no answer within %d s", seconds)
	case a.Unreached != "":
		t.Verdict, t.Why = unreached(a.Unreached)
	case a.Code < http.StatusOK || a.Code >= http.StatusBadRequest:
		t.Verdict, t.Why = Fail, "the kubelet accepts 200 to 399"
	case a.Took > time.Duration(seconds)*time.Second:
		t.Verdict, t.Why = Fail, fmt.Sprintf("the probe waits for %d s", seconds)
	default:
		t.Verdict = Pass
	}
}

// unreached tells what says something about the Pod from what says something about the way to it.
func unreached(message string) (Verdict, string) {
	if strings.Contains(message, "connection refused") {
		return Fail, "connection refused: nothing listens on the Pod's address and this port"
	}
	for _, way := range []string{"i/o timeout", "no route to host", "network is unreachable", "No agent available", "context deadline exceeded"} {
		if strings.Contains(message, way) {
			return Unknown, "the API server cannot reach the Pod: " + text.Printable(message)
		}
	}
	return Fail, "no HTTP answer: " + text.Printable(message)
}

// Settle takes silence for a fault of the Pods only where the API server has reached any of them.
func Settle(subjects []Subject) {
	tries := all(subjects)
	for _, t := range tries {
		if t.Code != 0 || strings.HasPrefix(t.Why, "connection refused") {
			return
		}
	}
	for _, t := range tries {
		if t.Verdict == Fail && strings.HasPrefix(t.Why, "no answer") {
			t.Verdict, t.Why = Unknown, "no Pod answered at all: perhaps the API server cannot reach Pods"
		}
	}
}

// all are the tries of all subjects.
func all(subjects []Subject) []*Try {
	var tries []*Try
	for i := range subjects {
		for j := range subjects[i].Handlers {
			for k := range subjects[i].Handlers[j].Tries {
				tries = append(tries, &subjects[i].Handlers[j].Tries[k])
			}
		}
	}
	return tries
}

// Count is how many requests there are to send.
func Count(subjects []Subject) int { return len(all(subjects)) }

// Has reports whether a try has a verdict.
func Has(subjects []Subject, v Verdict) bool {
	for _, t := range all(subjects) {
		if t.Verdict == v {
			return true
		}
	}
	return false
}
