//go:build apiserver

package selfmanaged

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The test in this file needs a real API server and what this package keeps to itself. Control planes are started in the
// module of the tests, which nothing here can import: test/selfmanaged runs it, with the build tag and $KUBECONFIG.

// configurationsAPI is the API of one kind of webhook configurations, as kubectl uses it.
type configurationsAPI[O any] interface {
	Create(ctx context.Context, object O, o metav1.CreateOptions) (O, error)
	Get(ctx context.Context, name string, o metav1.GetOptions) (O, error)
	Delete(ctx context.Context, name string, o metav1.DeleteOptions) error
}

func TestConfigurationKinds(t *testing.T) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv(clientcmd.RecommendedConfigPathEnvVar))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	const name = "kinds"
	api := client.AdmissionregistrationV1()
	t.Run(mutating.name, func(t *testing.T) {
		testKind(t, config, configurationRef{mutating, name}, api.MutatingWebhookConfigurations(), mutatingConfiguration(name))
	})
	t.Run(validating.name, func(t *testing.T) {
		testKind(t, config, configurationRef{validating, name}, api.ValidatingWebhookConfigurations(), validatingConfiguration(name))
	})
}

// testKind follows one configuration through its life: it is created, patched and deleted.
func testKind[O any](t *testing.T, config *rest.Config, r configurationRef, api configurationsAPI[O], object O) {
	cluster, err := newAPICluster(config, "probes", "tls", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w := watchConfiguration(t, cluster, r)
	w.until("known not to exist", func(c *configuration, known bool) bool { return known && c == nil })

	created, err := api.Create(t.Context(), object, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := w.until("created", func(c *configuration, _ bool) bool { return c != nil })
	want := []configuredWebhook{{name: entryNames()[0], serverName: serviceName}, {name: entryNames()[1], serverName: serviceName}}
	if diff := cmp.Diff(want, before.webhooks, cmp.AllowUnexported(configuredWebhook{})); diff != "" {
		t.Errorf("created: want - got +:\n%s", diff)
	}

	bundle := encodeCertificates(of(foreignAuthority(t, time.Now())))
	patch, err := json.Marshal(bundlePatch{
		Metadata: precondition{before.resourceVersion},
		Webhooks: []webhookPatch{{Name: entryNames()[1], ClientConfig: clientConfigPatch{CABundle: bundle}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.patchConfiguration(t.Context(), r, patch); err != nil {
		t.Fatal(err)
	}
	after := w.until("patched", func(c *configuration, _ bool) bool { return c.resourceVersion != before.resourceVersion })
	want[1].bundle = bundle
	if diff := cmp.Diff(want, after.webhooks, cmp.AllowUnexported(configuredWebhook{})); diff != "" {
		t.Errorf("patched: want - got +:\n%s", diff)
	}
	patched, err := api.Get(t.Context(), r.name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	untouched := cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{"ObjectMeta", "CABundle"}, strings.TrimPrefix(p.Last().String(), "."))
	}, cmp.Ignore())
	if diff := cmp.Diff(created, patched, untouched); diff != "" {
		t.Errorf("the patch changed more than a bundle:\n%s", diff)
	}
	if err := cluster.patchConfiguration(t.Context(), r, patch); !apierrors.IsConflict(err) {
		t.Errorf("a patch of an old version: %v", err)
	}
	if err := api.Delete(t.Context(), r.name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.until("deleted", func(c *configuration, _ bool) bool { return c == nil })
}

// configurationWatch is a watch of one configuration.
type configurationWatch struct {
	t       *testing.T
	store   *configurationStore
	changed chan struct{}
}

// watchConfiguration watches a configuration until the test ends.
func watchConfiguration(t *testing.T, c *apiCluster, r configurationRef) *configurationWatch {
	w := &configurationWatch{t: t, changed: make(chan struct{}, 1)}
	w.store = &configurationStore{read: r.kind.read, changed: func() {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.watch(ctx, &secretStore{read: readSecret, changed: func() {}}, map[configurationRef]*configurationStore{r: w.store})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

// until waits until what is stored meets a condition, and returns it.
func (w *configurationWatch) until(what string, condition func(c *configuration, known bool) bool) *configuration {
	w.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		c, known := w.store.get()
		if condition(c, known) {
			return c
		}
		select {
		case <-w.changed:
		case <-timeout:
			w.t.Fatalf("never %s", what)
		}
	}
}
