package selfmanaged

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-logr/logr"
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
	// fieldManager is whom the API server names as the writer of the Secret's data and of the bundles.
	fieldManager = "probe-injector"
	// writeTimeout bounds one write. The client's own rate limit, five requests a second, counts within it.
	writeTimeout = 10 * time.Second
)

// cluster is everything that a Manager does in the Kubernetes API. Every patch carries the resourceVersion that it was
// made from.
type cluster interface {
	// watch keeps the stores up to date until ctx ends.
	watch(ctx context.Context, secret *secretStore, configurations map[configurationRef]*configurationStore)
	patchSecret(ctx context.Context, patch []byte) error
	createSecret(ctx context.Context, data map[string][]byte) error
	patchConfiguration(ctx context.Context, r configurationRef, patch []byte) error
}

type (
	secretStore        = objectStore[corev1.Secret]
	configurationStore = objectStore[configuration]
)

// apiCluster is a cluster behind an API server.
type apiCluster struct {
	namespace, secretName string
	logger                *slog.Logger

	secrets        coreclient.SecretInterface
	configurations admissionregistrationclient.AdmissionregistrationV1Interface
}

func newAPICluster(config *rest.Config, namespace, secretName string, logger *slog.Logger) (*apiCluster, error) {
	core, err := coreclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the Kubernetes API: %w", err)
	}
	admissionregistration, err := admissionregistrationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the Kubernetes API: %w", err)
	}
	return &apiCluster{
		namespace: namespace, secretName: secretName, logger: logger,
		secrets:        core.Secrets(namespace),
		configurations: admissionregistration,
	}, nil
}

func (a *apiCluster) watch(ctx context.Context, secret *secretStore, configurations map[configurationRef]*configurationStore) {
	var watches sync.WaitGroup
	watches.Go(func() {
		a.keepUpdated(ctx, "Secret", a.secretName, &corev1.Secret{}, secret, func(failed func(error)) *cache.ListWatch {
			return listWatch(a.secrets, a.secretName, failed)
		})
	})
	for r, store := range configurations {
		watches.Go(func() {
			a.keepUpdated(ctx, r.kind.name, r.name, r.kind.object, store, func(failed func(error)) *cache.ListWatch {
				return r.kind.client(a.configurations).listWatch(r.name, failed)
			})
		})
	}
	watches.Wait()
}

// lister is the part of client-go's client of a kind that a watch needs. L is the kind's list.
type lister[L runtime.Object] interface {
	List(ctx context.Context, o metav1.ListOptions) (L, error)
	Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error)
}

// listWatch narrows a watch to the object of a name, which is what makes RBAC by resourceNames allow it. It reports
// every outcome to failed, successes as nil.
func listWatch[L runtime.Object](client lister[L], name string, failed func(error)) *cache.ListWatch {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			objects, err := client.List(ctx, o)
			failed(err)
			return objects, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			events, err := client.Watch(ctx, o)
			failed(err)
			return events, err
		},
	}
}

// keepUpdated keeps one store up to date. While the API server does not answer, the store stays as it is.
func (a *apiCluster) keepUpdated(ctx context.Context, kind, name string, expected runtime.Object, store cache.ReflectorStore, newListWatch func(failed func(error)) *cache.ListWatch) {
	errorLog := newErrorLog(a.logger.With("kind", kind, "name", name), "an object cannot be watched, we go on with what is known of it")
	failed := func(err error) {
		// API servers before 1.32 refuse to send a list as a watch; the Reflector then lists.
		if ctx.Err() == nil && !apierrors.IsInvalid(err) {
			errorLog.record(err)
		}
	}
	// The Reflector logs the same errors, without a limit.
	quiet := logr.Discard()
	ctx = klog.NewContext(ctx, quiet)
	cache.NewReflectorWithOptions(newListWatch(failed), expected, store, cache.ReflectorOptions{
		Name: kind + " " + name, Logger: &quiet,
		// The default waits 30 seconds at most, in which an entry without a bundle would stay so.
		Backoff: &wait.Backoff{Duration: 200 * time.Millisecond, Cap: 5 * time.Second, Steps: 10, Factor: 2, Jitter: 0.5},
	}).RunWithContext(ctx)
}

func (a *apiCluster) patchSecret(ctx context.Context, patch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := a.secrets.Patch(ctx, a.secretName, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	return err
}

func (a *apiCluster) createSecret(ctx context.Context, data map[string][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := a.secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: a.namespace, Name: a.secretName,
			Labels: map[string]string{"app.kubernetes.io/name": "probe-injector"},
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}, metav1.CreateOptions{FieldManager: fieldManager})
	return err
}

func (a *apiCluster) patchConfiguration(ctx context.Context, r configurationRef, patch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return r.kind.client(a.configurations).patch(ctx, r.name, patch)
}
