// Command cert-manager-cainjector is cert-manager's cainjector: it writes the authority of a Certificate into the
// webhook configurations, CustomResourceDefinitions and APIServices that ask for it by an annotation.
//
// The code that does it is cert-manager's. Here is only what the released program does around it. It takes the flags
// that cert-manager's Helm chart passes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	certmanagerscheme "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/scheme"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	certmanagerlogs "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/cert-manager/cert-manager/pkg/util/feature"
)

// options are the flags of the released program that matter here, with its names and defaults.
type options struct {
	logging *logsapi.LoggingConfiguration
	// kubeconfig is empty in a Pod.
	kubeconfig string
	// metricsAddress is where metrics are served; 0 is nowhere.
	metricsAddress string
	// elect makes it work only as the leader, by a Lease in electionNamespace.
	elect             bool
	electionNamespace string
	// leaseDuration, renewDeadline and retryPeriod are the election's.
	leaseDuration, renewDeadline, retryPeriod time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parse reads the arguments.
func parse(args []string) (options, error) {
	parsed := options{logging: logs.NewOptions()}
	flags := pflag.NewFlagSet("cert-manager-cainjector", pflag.ContinueOnError)
	certmanagerlogs.AddFlagsNonDeprecated(parsed.logging, flags)
	flags.StringVar(&parsed.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; empty in a Pod")
	flags.StringVar(&parsed.metricsAddress, "metrics-listen-address", "0.0.0.0:9402", "where metrics are served; 0: nowhere")
	flags.BoolVar(&parsed.elect, "leader-elect", true, "work only as the leader")
	flags.StringVar(&parsed.electionNamespace, "leader-election-namespace", "kube-system", "where the Lease is")
	flags.DurationVar(&parsed.leaseDuration, "leader-election-lease-duration", 60*time.Second, "how long a leader stays one without renewing")
	flags.DurationVar(&parsed.renewDeadline, "leader-election-renew-deadline", 40*time.Second, "how long a leader tries to renew")
	flags.DurationVar(&parsed.retryPeriod, "leader-election-retry-period", 15*time.Second, "how long everybody waits between attempts")
	feature.DefaultMutableFeatureGate.AddFlag(flags)
	if err := flags.Parse(args); err != nil {
		return options{}, fmt.Errorf("reading the arguments: %w", err)
	}
	return parsed, nil
}

// run does everything until the context ends.
func run(ctx context.Context, args []string) error {
	options, err := parse(args)
	if err != nil {
		return err
	}
	certmanagerlogs.InitLogs()
	defer certmanagerlogs.FlushLogs()
	if err := certmanagerlogs.ValidateAndApply(options.logging); err != nil {
		return fmt.Errorf("setting up the log: %w", err)
	}
	ctrl.SetLogger(certmanagerlogs.Log)
	config, err := restConfig(options.kubeconfig)
	if err != nil {
		return fmt.Errorf("reaching the cluster: %w", err)
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	// The name of the field manager comes from the user agent: without one, no bundle can be applied.
	manager, err := ctrl.NewManager(util.RestConfigWithUserAgent(config, "cainjector"), managerOptions(options, scheme))
	if err != nil {
		return fmt.Errorf("preparing cainjector: %w", err)
	}
	err = cainjector.RegisterAllInjectors(ctx, manager, cainjector.SetupOptions{
		EnableCertificatesDataSource: true,
		EnabledReconcilersFor: map[string]bool{
			cainjector.MutatingWebhookConfigurationName:   true,
			cainjector.ValidatingWebhookConfigurationName: true,
			cainjector.APIServiceName:                     true,
			cainjector.CustomResourceDefinitionName:       true,
		},
	})
	if err != nil {
		return fmt.Errorf("preparing cainjector: %w", err)
	}
	return manager.Start(ctx)
}

// restConfig is how to reach the cluster.
func restConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		return rest.InClusterConfig()
	}
	return clientcmd.BuildConfigFromFlags("", kubeconfig)
}

// newScheme knows where authorities come from and what they are written into.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kubernetesscheme.AddToScheme, certmanagerscheme.AddToScheme, apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("preparing cainjector: %w", err)
		}
	}
	return scheme, nil
}

// managerOptions are those of the released program. Secrets are read one by one, so that only their metadata is cached.
func managerOptions(options options, scheme *runtime.Scheme) ctrl.Options {
	return ctrl.Options{
		Scheme:                        scheme,
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		Metrics:                       metricsserver.Options{BindAddress: options.metricsAddress},
		LeaderElection:                options.elect,
		LeaderElectionNamespace:       options.electionNamespace,
		LeaderElectionID:              "cert-manager-cainjector-leader-election",
		LeaderElectionResourceLock:    resourcelock.LeasesResourceLock,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &options.leaseDuration,
		RenewDeadline:                 &options.renewDeadline,
		RetryPeriod:                   &options.retryPeriod,
	}
}
