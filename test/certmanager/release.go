package certmanager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	certmanagerclient "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/typed/certmanager/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// Namespace is where cert-manager is installed, and releaseName the name of its release: those of its documentation.
	Namespace   = "cert-manager"
	releaseName = "cert-manager"
	// installTimeout is how long Pods may take to be available. It takes half a minute on two cores.
	installTimeout = 5 * time.Minute
	// answerTimeout is how long it may take from there until an Issuer is accepted: cainjector has to give the API server
	// the bundle of cert-manager's webhook. That takes a second, but 75 if the Lease of an earlier cainjector has to end.
	answerTimeout = 2 * time.Minute
	// goneTimeout is how long the namespace may take to go. It takes ten seconds.
	goneTimeout = time.Minute
)

// Release says where and how cert-manager's chart is installed.
type Release struct {
	// Kubeconfig is an admin's.
	Kubeconfig string
	// Helm is the path of a real Helm, 3 or 4; see the package charttools.
	Helm string
}

// Install installs cert-manager, or brings an installation up to date, and returns when its Deployments are available
// and it accepts objects. The nodes need the [Images], or a way to quay.io.
func (r Release) Install(ctx context.Context) error {
	if err := r.install(ctx, "--wait", "--timeout="+installTimeout.String()); err != nil {
		return err
	}
	return r.waitUntilUsable(ctx)
}

// Uninstall removes cert-manager with its namespace and its CustomResourceDefinitions, and so every Certificate and Issuer
// of the cluster, and returns when all of it is gone.
func (r Release) Uninstall(ctx context.Context) error {
	err := r.helm(ctx, "uninstall", releaseName, "--namespace", Namespace, "--ignore-not-found", "--wait")
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	return errors.Join(deleteLeases(ctx, client), deleteNamespace(ctx, client))
}

// deleteLeases removes the Leases of the leaders, which lost the permission to give them up before they ended: the next
// installation would wait for a minute.
func deleteLeases(ctx context.Context, client kubernetes.Interface) error {
	var failures []error
	for _, name := range []string{"cert-manager-controller", "cert-manager-cainjector-leader-election"} {
		err := client.CoordinationV1().Leases(metav1.NamespaceSystem).Delete(ctx, name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			failures = append(failures, fmt.Errorf("deleting the Lease %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

// deleteNamespace removes what the programs have made, such as the authority of the webhook.
func deleteNamespace(ctx context.Context, client kubernetes.Interface) error {
	ctx, cancel := context.WithTimeout(ctx, goneTimeout)
	defer cancel()
	for {
		err := client.CoreV1().Namespaces().Delete(ctx, Namespace, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		// It is gone when nobody can delete it any more; until then that is a conflict or succeeds.
		select {
		case <-ctx.Done():
			return fmt.Errorf("deleting the namespace %s: %w", Namespace, errors.Join(ctx.Err(), err))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// install installs the chart as its documentation says, with CustomResourceDefinitions that go when the release goes. It
// leaves out what only waits (a Job that asks what isUsable asks) and what only counts (metrics).
func (r Release) install(ctx context.Context, more ...string) error {
	return r.withChart(ctx, func(chart string) error {
		arguments := []string{
			"upgrade", "--install", releaseName, chart, "--namespace", Namespace, "--create-namespace",
			"--set", "crds.enabled=true", "--set", "crds.keep=false",
			"--set", "startupapicheck.enabled=false", "--set", "prometheus.enabled=false",
		}
		return r.helm(ctx, append(arguments, more...)...)
	})
}

// withChart packages the chart of cert-manager's module as a release of cert-manager does: only then it says which
// version it is.
func (r Release) withChart(ctx context.Context, use func(path string) error) (err error) {
	module, err := pinned(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "probe-injector-cert-manager-chart-")
	if err != nil {
		return fmt.Errorf("packaging cert-manager's chart: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	source := filepath.Join(module.Dir, "deploy", "charts", "cert-manager")
	err = r.helm(ctx, "package", source, "--version", module.Version, "--app-version", module.Version, "--destination", dir)
	if err != nil {
		return err
	}
	return use(filepath.Join(dir, "cert-manager-"+module.Version+".tgz"))
}

// helm runs Helm with folders of its own.
func (r Release) helm(ctx context.Context, arguments ...string) (err error) {
	home, err := os.MkdirTemp("", "probe-injector-helm-")
	if err != nil {
		return fmt.Errorf("making a folder for Helm: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	command := exec.CommandContext(ctx, r.Helm, arguments...)
	command.Env = append(os.Environ(),
		"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "HOME="+home, "KUBECONFIG="+r.Kubeconfig)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("helm %s: %w: %s", strings.Join(arguments, " "), err, output.String())
	}
	return nil
}

// waitUntilUsable waits until an Issuer can be created, which takes all three programs: the webhook has to answer, and
// cainjector has to have told the API server whom to trust.
func (r Release) waitUntilUsable(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		err := isUsable(ctx, config)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cert-manager does not accept an Issuer: %w", errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// isUsable creates an Issuer on dry run.
func isUsable(ctx context.Context, config *rest.Config) error {
	client, err := certmanagerclient.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	issuer := &certmanagerv1.Issuer{
		ObjectMeta: metav1.ObjectMeta{Name: "is-usable"},
		Spec: certmanagerv1.IssuerSpec{
			IssuerConfig: certmanagerv1.IssuerConfig{SelfSigned: &certmanagerv1.SelfSignedIssuer{}},
		},
	}
	_, err = client.Issuers(Namespace).Create(ctx, issuer, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}
