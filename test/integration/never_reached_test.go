package integration

import (
	"testing"

	"github.com/probe-injector/probe-injector/test/server"
)

// neverReached creates Pods that the API server must keep away from us, and lets our server count.
func (i *installed) neverReached(t *testing.T) {
	cases := map[string]struct {
		namespace, metadata, spec string
	}{
		"without annotations":             {plain, `{name: silent}`, `{containers: [` + web + `]}`},
		"with others' annotations":        {plain, `{name: other, annotations: {example.com/inject: "true"}}`, `{containers: [` + web + `]}`},
		"opted out":                       {plain, `{name: opted-out, annotations: {probe-injector.dev/inject: "false"}}`, `{containers: [` + web + `]}`},
		"opted out, although it asks":     {plain, `{name: opted-out-2, annotations: {probe-injector.dev/inject: "false", probe-injector.dev/liveness: /}}`, `{containers: [` + web + `]}`},
		"opted out of a rule":             {labelled, `{name: opted-out, annotations: {probe-injector.dev/inject: "false"}}`, `{containers: [` + web + `]}`},
		"a mirror Pod that asks":          {plain, `{name: mirror, annotations: {kubernetes.io/config.mirror: x, probe-injector.dev/inject: "true"}}`, `{nodeName: node, containers: [` + web + `]}`},
		"a mirror Pod in a rule's domain": {labelled, `{name: mirror, annotations: {kubernetes.io/config.mirror: x}}`, `{nodeName: node, containers: [` + web + `]}`},
		"that asks in a killed namespace": {killed, `{name: asks, annotations: {probe-injector.dev/inject: "true"}}`, `{containers: [` + web + `]}`},
		"silent in a killed namespace":    {killed, `{name: silent}`, `{containers: [` + web + `]}`},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			before := reviews(t, i.webhook)
			created, err := i.create(t.Context(), test.namespace, manifestOf(test.metadata, test.spec))
			if err != nil {
				t.Fatal(err)
			}
			if after := reviews(t, i.webhook); after != before {
				t.Errorf("our server counts %v reviews more", after-before)
			}
			outcome{}.expect(t, &created.pod)
		})
	}
	t.Run("and yet the counter counts", func(t *testing.T) {
		before := reviews(t, i.webhook)
		for _, pod := range []struct{ namespace, metadata string }{
			{plain, `{name: counted, annotations: {probe-injector.dev/inject: "true"}}`},
			{labelled, `{name: counted}`},
		} {
			if _, err := i.create(t.Context(), pod.namespace, manifestOf(pod.metadata, `{containers: [`+web+`]}`)); err != nil {
				t.Fatal(err)
			}
		}
		if after := reviews(t, i.webhook); after != before+2 {
			t.Errorf("our server counts %v reviews more, not 2", after-before)
		}
	})
}

// reviews is how many reviews our server has answered, of all routes and results.
func reviews(t *testing.T, webhook *server.Server) float64 {
	t.Helper()
	return counted(t, webhook, "probe_injector_reviews_total", nil)
}

// counted is one of our server's own figures.
func counted(t *testing.T, webhook *server.Server, name string, labels map[string]string) float64 {
	t.Helper()
	scrape, err := webhook.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !scrape.Has(name) {
		t.Fatalf("our server has no metric %s", name)
	}
	return scrape.Sum(name, labels)
}
