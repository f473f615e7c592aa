package integration

import (
	"cmp"
	"strings"
	"sync"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// failure is one way in which we can fail.
type failure struct {
	options server.Options
	// spoil breaks what was started and what is about to be registered.
	spoil func(*testing.T, *server.Server, *admissionregistrationv1.MutatingWebhookConfiguration)
	// metadata is the Pod's.
	metadata string
	// spec is the Pod's; empty is that of one usual container.
	spec string
	// atOnce is how many Pods are created at the same time, one if it is 0. With more, some are answered.
	atOnce int
	// says is what a user reads whose Pod is refused.
	says string
	// stage is the label of our counter of errors; empty where we cannot count.
	stage string
}

func failures() map[string]failure {
	const asks = `{generateName: failure-, annotations: {probe-injector.dev/liveness: /livez}}`
	return map[string]failure{
		"a panic": {
			options: server.Options{Fault: "panic"}, metadata: asks,
			says: "probe-injector: this is a bug in probe-injector", stage: "panic",
		},
		"too many Pods at once": {
			options: server.Options{Fault: "delay:2s", Args: []string{"--max-concurrent-reviews=1"}}, metadata: asks, atOnce: 4,
			says: "probe-injector: overloaded, too many reviews at once", stage: "slot",
		},
		"a review that we cannot read": {
			// The API server still knows the version before ours, and sends what a configuration asks for.
			spoil: func(_ *testing.T, _ *server.Server, configuration *admissionregistrationv1.MutatingWebhookConfiguration) {
				for n := range configuration.Webhooks {
					configuration.Webhooks[n].AdmissionReviewVersions = []string{"v1beta1"}
				}
			},
			metadata: asks,
			says:     "probe-injector: the body is not an AdmissionReview of admission.k8s.io/v1", stage: "decode",
		},
		"a review that could take too much memory": {
			metadata: asks,
			spec:     `{containers: [{name: web, image: example.com/web:1, args: [` + strings.Repeat(`"", `, 530_000) + `""]}]}`,
			says:     "probe-injector: the review has more members", stage: "size",
		},
		"a stopped server": {
			spoil: func(t *testing.T, webhook *server.Server, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
				if err := webhook.Kill(); err != nil {
					t.Fatal(err)
				}
			},
			metadata: asks,
			says:     "connection refused",
		},
	}
}

// TestOurFailures lets us fail in every way and shows what becomes of the Pod: under Ignore it is created as it is,
// under Fail it is refused by words that say whose fault that was. Both are counted.
func TestOurFailures(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	for name, failure := range failures() {
		t.Run(name, func(t *testing.T) {
			webhook := startServer(t, "", failure.options)
			for _, policy := range []string{"Ignore", "Fail"} {
				values := "{webhook: {failurePolicy: " + policy + ", timeoutSeconds: 10}}"
				configuration := configurationAt(t, values, webhook.Address(), webhook.CABundle())
				if failure.spoil != nil {
					failure.spoil(t, webhook, configuration)
				}
				c.use(t, configuration)
				t.Run("under "+policy, func(t *testing.T) { c.failed(t, webhook, failure, policy == "Fail") })
			}
		})
	}
	t.Run("a server that never answers", c.unanswered)
	t.Run("the end of a server is no failure", c.drained)
}

// stageCount is how many requests failed at a stage, whoever caused it.
func stageCount(t *testing.T, webhook *server.Server, stage string) float64 {
	t.Helper()
	at := map[string]string{"stage": stage}
	return counted(t, webhook, "probe_injector_errors_total", at) + counted(t, webhook, "probe_injector_rejected_requests_total", at)
}

// failed creates the Pods of a failure and counts those that we failed.
func (c *cluster) failed(t *testing.T, webhook *server.Server, failure failure, refused bool) {
	openBefore, ours := c.failedOpen(t), 0.0
	if failure.stage != "" {
		ours = -stageCount(t, webhook, failure.stage)
	}
	results := make(chan bool, max(1, failure.atOnce))
	var creating sync.WaitGroup
	for range cap(results) {
		creating.Go(func() { results <- c.createFailing(t, failure, refused) })
	}
	creating.Wait()
	close(results)
	failed := 0.0
	for each := range results {
		if each {
			failed++
		}
	}
	if failed == 0 {
		t.Error("we failed no Pod")
	}
	if failure.stage != "" {
		ours += stageCount(t, webhook, failure.stage)
		if ours != failed {
			t.Errorf("our server counts %v errors at the stage %s, of %v", ours, failure.stage, failed)
		}
	}
	open := c.failedOpen(t) - openBefore
	if refused && open != 0 || !refused && open != failed {
		t.Errorf("the API server counts %v Pods that it let through, of %v", open, failed)
	}
}

// createFailing creates one Pod and reports whether we failed it.
func (c *cluster) createFailing(t *testing.T, failure failure, refused bool) bool {
	created, err := c.create(t.Context(), plain, manifestOf(failure.metadata, cmp.Or(failure.spec, "{containers: ["+web+"]}")))
	switch {
	case err == nil && created.pod.Spec.Containers[0].LivenessProbe != nil:
		return false
	case err != nil && !refused:
		t.Errorf("it is refused: %v", err)
	case err == nil && refused:
		t.Error("it is neither probed nor refused")
	case err != nil && (!strings.Contains(err.Error(), failure.says) || !strings.Contains(err.Error(), "annotated.probe-injector.dev")):
		t.Errorf("its user reads: %v", err)
	case err == nil:
		outcome{}.expect(t, &created.pod)
	}
	return true
}

// failedOpen is how many Pods the API server has let through although we failed.
func (c *cluster) failedOpen(t *testing.T) float64 {
	t.Helper()
	scrape, err := c.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return scrape.Sum("apiserver_admission_webhook_fail_open_count", map[string]string{"name": "annotated.probe-injector.dev"})
}
