package integration

import (
	"os"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// adminValues are the values of an admin who knows a command that reports whether a store is ready.
const adminValues = `
policy:
  profiles:
  - name: store
    class: database
    readiness: {exec: {command: [store-ready, -q]}}
    liveness: {exec: {command: [store-alive]}, offer: OnRequest}
`

// installed is a cluster in which our server runs with the chart's configuration and adminValues.
type installed struct {
	*cluster
	webhook *server.Server
}

// TestInstalled goes the whole way in everything: clients and controllers, the API server with the chart's
// configuration, and our server with the chart's policy. All share one installation, so one runs after the other:
// some count what reaches the server.
func TestInstalled(t *testing.T) {
	t.Parallel()
	webhook := startServer(t, adminValues, server.Options{})
	i := &installed{cluster: newCluster(t, controlplane.Options{Controllers: true}), webhook: webhook}
	i.install(t, adminValues, webhook)

	t.Run("the API server accepts the chart", i.accepted)
	t.Run("Pods that ask get their probes", i.podsThatAsk)
	t.Run("existing probes stay to the byte", i.existingProbes)
	t.Run("controllers' Pods get their probes", i.controllers)
	t.Run("wrong annotations", i.wrongAnnotations)
	t.Run("Pods that do not ask never reach us", i.neverReached)
	t.Run("at the API server's limits", i.limits)
	t.Run("a dry run shows everything and stores nothing", i.dryRun)
	t.Run("random Pods are accepted under Pod Security restricted", i.randomPods)
	t.Run("a file with probes makes the same Pods", i.manifestsWithProbes)
	t.Run("a Deployment with probes makes the same Pods", i.deploymentWithProbes)
}

// engine is the engine that decides in our server, with the same policy file.
func (i *installed) engine(t *testing.T) *policy.Policy {
	t.Helper()
	file, err := os.ReadFile(i.webhook.PolicyPath())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.Parse(file, "v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return engine
}
