package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"

	certmanagerlogs "github.com/cert-manager/cert-manager/pkg/logs"
)

// options are the flags of the released program that matter here. Their names and defaults are those of cert-manager
// 1.21 (internal/apis/config/controller/v1alpha1/defaults.go).
type options struct {
	logging *logsapi.LoggingConfiguration
	// kubeconfig is empty in a Pod.
	kubeconfig string
	// clusterResourceNamespace is where ClusterIssuers look for Secrets.
	clusterResourceNamespace string
	// healthzAddress is where /livez is served.
	healthzAddress string
	election       election
}

// election is how one of several controllers becomes the one that works.
type election struct {
	enabled                                   bool
	namespace                                 string
	leaseDuration, renewDeadline, retryPeriod time.Duration
}

// ignoredFlags are passed by the chart and concern ACME, which is not built in.
func ignoredFlags() []string {
	return []string{"acme-http01-solver-image", "max-concurrent-challenges"}
}

// parse reads the arguments.
func parse(args []string) (options, error) {
	parsed := options{logging: logs.NewOptions()}
	flags := pflag.NewFlagSet("cert-manager-controller", pflag.ContinueOnError)
	certmanagerlogs.AddFlagsNonDeprecated(parsed.logging, flags)
	flags.StringVar(&parsed.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; empty in a Pod")
	flags.StringVar(&parsed.clusterResourceNamespace, "cluster-resource-namespace", "kube-system", "where ClusterIssuers look for Secrets")
	flags.StringVar(&parsed.healthzAddress, "healthz-listen-address", "0.0.0.0:9403", "where /livez is served")
	flags.BoolVar(&parsed.election.enabled, "leader-elect", true, "work only as the leader")
	flags.StringVar(&parsed.election.namespace, "leader-election-namespace", "kube-system", "where the Lease is")
	flags.DurationVar(&parsed.election.leaseDuration, "leader-election-lease-duration", 60*time.Second, "how long a leader stays one without renewing")
	flags.DurationVar(&parsed.election.renewDeadline, "leader-election-renew-deadline", 40*time.Second, "how long a leader tries to renew")
	flags.DurationVar(&parsed.election.retryPeriod, "leader-election-retry-period", 15*time.Second, "how long everybody waits between attempts")
	for _, name := range ignoredFlags() {
		flags.String(name, "", "ignored: ACME is not built in")
	}
	if err := flags.Parse(args); err != nil {
		return options{}, fmt.Errorf("reading the arguments: %w", err)
	}
	return parsed, nil
}
