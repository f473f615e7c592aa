package webhook_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

func TestTheLabelOfInjectedPods(t *testing.T) {
	const spec = `"spec":{"containers":[{"name":"web"}]}`
	tests := map[string]struct {
		object, status string
		inject         bool
		want           string
	}{
		"no labels":                        {`{"metadata":{},` + spec + `}`, "", true, `"path":"/metadata/labels","value":{"probe-injector.dev/injected":"true"}`},
		"labels that are null":             {`{"metadata":{"labels":null},` + spec + `}`, "", true, `"path":"/metadata/labels","value":{"probe-injector.dev/injected":"true"}`},
		"other labels":                     {`{"metadata":{"labels":{"a":"b"}},` + spec + `}`, "", true, `"path":"/metadata/labels/probe-injector.dev~1injected","value":"true"`},
		"a label that is there stays":      {`{"metadata":{"labels":{"probe-injector.dev/injected":"false"}},` + spec + `}`, "", true, ""},
		"no metadata":                      {`{` + spec + `}`, "", true, `"path":"/metadata","value":{"labels":{"probe-injector.dev/injected":"true"}}`},
		"no metadata before the status":    {`{` + spec + `}`, "s", true, `"path":"/metadata/labels","value":{"probe-injector.dev/injected":"true"}`},
		"nothing is injected, only status": {`{"metadata":{},` + spec + `}`, "s", false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			engine := decide(func(policy.Subject) policy.Decision {
				d := policy.Decision{Asked: true, Status: test.status}
				if test.inject {
					d.Injections = []policy.Injection{{Container: policy.ContainerRef{Name: "web"}, Kind: policy.Readiness, Probe: httpProbe()}}
				}
				return d
			})
			s := newServer(t, engine, func(o *webhook.Options) { o.InjectedLabel = true })
			got := response(t, s.post(around(test.object)))
			labels := strings.Contains(string(got.Patch), "probe-injector.dev~1injected") || strings.Contains(string(got.Patch), "probe-injector.dev/injected")
			if labels != (test.want != "") || !strings.Contains(string(got.Patch), test.want) {
				t.Errorf("patch %s\nwant  %s", got.Patch, test.want)
			}
			if got.Patch != nil {
				apply(t, []byte(test.object), got.Patch)
			}
		})
	}
	t.Run("not unless asked for", func(t *testing.T) {
		s := newServer(t, decide(usual))
		if got := response(t, s.post(around(`{"metadata":{},"spec":{"containers":[{"name":"web"}]}}`))); strings.Contains(string(got.Patch), "injected") {
			t.Errorf("patch %s", got.Patch)
		}
	})
}
