package selfmanaged

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	admissionregistrationclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

const (
	// fieldManager is who the API server says has written the Secret's data and the bundles.
	fieldManager = "probe-injector"
	// writeTimeout bounds one write. The client waits in line before it, five requests a second at most.
	writeTimeout = 10 * time.Second
)

// cluster is all that we do in the Kubernetes API. Every patch carries the resourceVersion that it was made from.
type cluster interface {
	// watch keeps the cells up to date until ctx ends.
	watch(ctx context.Context, secret *cell[corev1.Secret], configurations map[string]*configurationCell)
	patchSecret(ctx context.Context, patch []byte) error
	createSecret(ctx context.Context, data map[string][]byte) error
	patchConfiguration(ctx context.Context, name string, patch []byte) error
}

type configurationCell = cell[admissionregistrationv1.MutatingWebhookConfiguration]

// realCluster is a cluster behind an API server.
type realCluster struct {
	namespace, secretName string
	logger                *slog.Logger

	secrets        coreclient.SecretInterface
	configurations admissionregistrationclient.MutatingWebhookConfigurationInterface
}

func newRealCluster(config *rest.Config, namespace, secretName string, logger *slog.Logger) (*realCluster, error) {
	core, err := coreclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the Kubernetes API: %w", err)
	}
	admissionregistration, err := admissionregistrationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the Kubernetes API: %w", err)
	}
	return &realCluster{
		namespace: namespace, secretName: secretName, logger: logger,
		secrets:        core.Secrets(namespace),
		configurations: admissionregistration.MutatingWebhookConfigurations(),
	}, nil
}

func (r *realCluster) watch(ctx context.Context, secret *cell[corev1.Secret], configurations map[string]*configurationCell) {
	var watches sync.WaitGroup
	watches.Go(func() {
		r.keep(ctx, "Secret", r.secretName, &corev1.Secret{}, secret, lister[*corev1.SecretList]{r.secrets.List, r.secrets.Watch})
	})
	for name, c := range configurations {
		watches.Go(func() {
			r.keep(ctx, "MutatingWebhookConfiguration", name, &admissionregistrationv1.MutatingWebhookConfiguration{}, c,
				lister[*admissionregistrationv1.MutatingWebhookConfigurationList]{r.configurations.List, r.configurations.Watch})
		})
	}
	watches.Wait()
}

// lister is the part of a typed client that a watch needs.
type lister[L runtime.Object] struct {
	list  func(context.Context, metav1.ListOptions) (L, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// listAndWatcher makes a typed client one that client-go's Reflector can use.
type listAndWatcher interface {
	listWatch(name string, failed func(error)) *cache.ListWatch
}

// listWatch narrows a watch to the object of a name, which is what makes RBAC by resourceNames allow it.
func (l lister[L]) listWatch(name string, failed func(error)) *cache.ListWatch {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			objects, err := l.list(ctx, o)
			failed(err)
			return objects, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			events, err := l.watch(ctx, o)
			failed(err)
			return events, err
		},
	}
}

// keep keeps one cell up to date. While the API server does not answer, the cell stays as it is.
func (r *realCluster) keep(ctx context.Context, kind, name string, expected runtime.Object, store cache.ReflectorStore, l listAndWatcher) {
	complaints := newComplaints(r.logger.With("kind", kind, "name", name), "an object cannot be watched, we go on with what is known of it")
	failed := func(err error) {
		// API servers before 1.32 refuse to send a list as a watch; the Reflector then lists.
		if ctx.Err() == nil && !apierrors.IsInvalid(err) {
			complaints.about(err, time.Now())
		}
	}
	// Its own lines say the same in other words.
	quiet := logr.Discard()
	ctx = klog.NewContext(ctx, quiet)
	cache.NewReflectorWithOptions(l.listWatch(name, failed), expected, store, cache.ReflectorOptions{
		Name: kind + " " + name, Logger: &quiet,
		// The default waits 30 seconds at most, in which an entry without a bundle would stay so.
		Backoff: &wait.Backoff{Duration: 200 * time.Millisecond, Cap: 5 * time.Second, Steps: 10, Factor: 2, Jitter: 0.5},
	}).RunWithContext(ctx)
}

func (r *realCluster) patchSecret(ctx context.Context, patch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := r.secrets.Patch(ctx, r.secretName, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	return err
}

func (r *realCluster) createSecret(ctx context.Context, data map[string][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := r.secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.namespace, Name: r.secretName,
			Labels: map[string]string{"app.kubernetes.io/name": "probe-injector"},
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}, metav1.CreateOptions{FieldManager: fieldManager})
	return err
}

func (r *realCluster) patchConfiguration(ctx context.Context, name string, patch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := r.configurations.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	return err
}
