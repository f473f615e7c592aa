package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	// Each registers a controller, or the kind of issuer that a controller asks.
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

const (
	// workers is how many objects each controller works on at a time.
	workers = 5
	// leaseName is the name of the Lease, the only one that the chart's Role permits.
	leaseName = "cert-manager-controller"
	// healthzTimeout is how long after its Lease has ended a leader still counts as alive.
	healthzTimeout = 20 * time.Second
	// queriesPerSecond and burst limit the client where the API server does not limit by itself.
	queriesPerSecond, burst = 20, 50
	// firstRetry and lastRetry bound how long a failed request is left alone.
	firstRetry, lastRetry = time.Hour, 32 * time.Hour
)

// serve runs the health endpoint and, once this is the leader, the controllers.
func serve(ctx context.Context, options options) error {
	group, ctx := errgroup.WithContext(ctx)
	factory, err := controller.NewContextFactory(ctx, contextOptions(options))
	if err != nil {
		return fmt.Errorf("preparing the controllers: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", options.healthzAddress)
	if err != nil {
		return fmt.Errorf("listening for health checks: %w", err)
	}
	health := healthz.NewServer(healthzTimeout)
	group.Go(func() error { return health.Start(ctx, listener) })
	group.Go(func() error {
		if !options.election.enabled {
			return runControllers(ctx, factory)
		}
		return lead(ctx, options.election, factory, health.LeaderHealthzAdaptor)
	})
	return group.Wait()
}

// contextOptions are what the controllers are told.
func contextOptions(options options) controller.ContextOptions {
	return controller.ContextOptions{
		Kubeconfig:         options.kubeconfig,
		KubernetesAPIQPS:   queriesPerSecond,
		KubernetesAPIBurst: burst,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: options.clusterResourceNamespace},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: firstRetry,
			CertificateRequestMaximumBackoffDuration: lastRetry,
		},
	}
}

// lead runs the controllers while this is the leader, and ends with an error when it is not any more.
func lead(ctx context.Context, election election, factory *controller.ContextFactory, watchdog *leaderelection.HealthzAdaptor) error {
	own, err := factory.Build("leader-election")
	if err != nil {
		return fmt.Errorf("preparing the election of a leader: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("naming a candidate: %w", err)
	}
	var running error
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: election.namespace, Name: leaseName},
			Client:     own.Client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + uuid.NewString()},
		},
		LeaseDuration: election.leaseDuration, RenewDeadline: election.renewDeadline, RetryPeriod: election.retryPeriod,
		ReleaseOnCancel: true, WatchDog: watchdog, Name: leaseName,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { running = runControllers(ctx, factory) },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("preparing the election of a leader: %w", err)
	}
	elector.Run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if running != nil {
		return running
	}
	return fmt.Errorf("the Lease %s/%s was lost", election.namespace, leaseName)
}

// runControllers runs all controllers that are built in.
func runControllers(ctx context.Context, factory *controller.ContextFactory) error {
	shared, err := factory.Build()
	if err != nil {
		return fmt.Errorf("preparing the controllers: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for name, construct := range controller.Known() {
		built, err := construct(factory)
		if err != nil {
			return fmt.Errorf("preparing the controller %s: %w", name, err)
		}
		group.Go(func() error { return built.Run(workers, ctx) })
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	return group.Wait()
}
