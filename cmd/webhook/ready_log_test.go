package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
)

func TestWhyWeAreNotReadyIsLoggedWhenItChanges(t *testing.T) {
	for name, test := range map[string]struct {
		looks []string
		want  []string
	}{
		"ready from the beginning":           {[]string{"", "", ""}, []string{"ready"}},
		"a reason that stays":                {[]string{"a", "a", "a"}, []string{"a"}},
		"a reason that goes":                 {[]string{"a", "a", "", ""}, []string{"a", "ready"}},
		"another reason":                     {[]string{"a", "b", "b", "a"}, []string{"a", "b", "a"}},
		"a reason that is another each time": {[]string{"1", "2", "3", "4", "5", "6", "7", "8"}, []string{"1", "2", "3", "4", "5"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			l := newReadyLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
					return slog.Attr{}
				}
				return a
			}})))
			for _, reason := range test.looks {
				if reason == "" {
					l.saw(nil)
					continue
				}
				l.saw(errors.New(reason))
			}
			var want strings.Builder
			for _, line := range test.want {
				if line == "ready" {
					want.WriteString("msg=ready\n")
					continue
				}
				want.WriteString(`msg="not ready" reason=` + line + "\n")
			}
			if out.String() != want.String() {
				t.Errorf("the log has\n%s, want\n%s", out.String(), want.String())
			}
		})
	}
}

// A reason for which no line was left is told as soon as there is one, also when nothing has changed since.
func TestAReasonThatHadNoLineIsNotForgotten(t *testing.T) {
	var out bytes.Buffer
	l := newReadyLog(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 2 * firstReadyLines {
		l.saw(errors.New("reason" + strconv.Itoa(i)))
	}
	l.lines.SetBurst(3 * firstReadyLines)
	l.lines.SetLimit(1e9)
	last := "reason" + strconv.Itoa(2*firstReadyLines-1)
	l.saw(errors.New(last))
	if !strings.Contains(out.String(), last) {
		t.Errorf("the log does not say %s:\n%s", last, out.String())
	}
}

func TestACertificateThatNamesAnotherServiceIsSaidInTheLog(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir)
	r := begin(t, "--cert-dir="+dir, "--dns-names=another.probes.svc")
	r.eventually("the log says why it is not ready", func() bool {
		r.get(r.health + "/readyz")
		return strings.Contains(r.log.String(), `"level":"WARN","msg":"not ready","reason":"handshake with our own listener: the certificate does not name another.probes.svc`)
	})
	if got := strings.Count(r.log.String(), `"msg":"not ready"`); got != 1 {
		t.Errorf("it is said %d times", got)
	}
}

func TestTheDrainIsNotSaidTwice(t *testing.T) {
	r := start(t, "--drain-duration=2s")
	r.end()
	r.eventually("readyz says that we drain", func() bool {
		_, body := r.get(r.health + "/readyz")
		return strings.Contains(body, "draining")
	})
	if strings.Contains(r.log.String(), `"msg":"not ready"`) {
		t.Error("the log says so as if something were wrong")
	}
}
