package webhook_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/webhook"
)

func TestPodsGetTheLabelOnlyWhereItIsAskedFor(t *testing.T) {
	for _, want := range []bool{true, false} {
		s := newServer(t, decide(usual), func(o *webhook.Options) { o.InjectedLabel = want })
		got := response(t, s.post(reviewOf(t, webPod(0))))
		if labelled := strings.Contains(string(got.Patch), "/metadata/labels/probe-injector.dev~1injected"); labelled != want {
			t.Errorf("asked for: %v, patch %s", want, got.Patch)
		}
	}
}
