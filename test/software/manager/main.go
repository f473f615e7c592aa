// Command manager is a manager as Kubebuilder makes it, without controllers: the flags and the health endpoints of its
// template.
package main

import (
	"flag"
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	var metricsAddress, probeAddress string
	var elect bool
	flag.StringVar(&metricsAddress, "metrics-bind-address", "0", "where metrics are served; 0: nowhere")
	flag.StringVar(&probeAddress, "health-probe-bind-address", ":8081", "where the health endpoints are served")
	flag.BoolVar(&elect, "leader-elect", false, "work only as the leader")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(metricsAddress, probeAddress, elect); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until it is told to stop.
func run(metricsAddress, probeAddress string, elect bool) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("reaching the cluster: %w", err)
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics:                server.Options{BindAddress: metricsAddress},
		HealthProbeBindAddress: probeAddress,
		LeaderElection:         elect,
		LeaderElectionID:       "manager.example.com",
	})
	if err != nil {
		return fmt.Errorf("preparing the manager: %w", err)
	}
	if err := manager.AddHealthzCheck("healthz", healthz.Ping); err != nil {
		return fmt.Errorf("preparing the manager: %w", err)
	}
	if err := manager.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		return fmt.Errorf("preparing the manager: %w", err)
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
