package selfmanaged

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// entryNames are the entries of the configurations in these tests.
func entryNames() []string { return []string{"a.probe-injector.dev", "b.probe-injector.dev"} }

func mutatingConfiguration(name string) *admissionregistrationv1.MutatingWebhookConfiguration {
	c := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, entry := range entryNames() {
		c.Webhooks = append(c.Webhooks, admissionregistrationv1.MutatingWebhook{
			Name:                    entry,
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new("https://127.0.0.1:1/")},
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		})
	}
	return c
}

func validatingConfiguration(name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	c := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, entry := range entryNames() {
		c.Webhooks = append(c.Webhooks, admissionregistrationv1.ValidatingWebhook{
			Name:                    entry,
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new("https://127.0.0.1:1/")},
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		})
	}
	return c
}

func TestAConfigurationOfAnotherKindIsNotRead(t *testing.T) {
	for kind, object := range map[*configurationKind]any{
		mutating:   &admissionregistrationv1.ValidatingWebhookConfiguration{},
		validating: &admissionregistrationv1.MutatingWebhookConfiguration{},
	} {
		if c, err := kind.read(object); err == nil {
			t.Errorf("%s reads a %T as %+v", kind.name, object, c)
		}
	}
}

func TestEveryKindIsPublishedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("annotated")
		m.preflight = validatingConfiguration(hooks)
		r := m.run(t, testLifetimes())
		r.untilReady(t)
		if err := verifies(r, m.bundles()); err != nil {
			t.Error(err)
		}
		if n := len(m.authorities(t)); n != 1 {
			t.Errorf("%d authorities are published", n)
		}
		m.change(func() { m.preflight.Webhooks[1].ClientConfig.CABundle = nil })
		time.Sleep(time.Second)
		m.authorities(t)
		m.change(func() { m.preflight = nil })
		time.Sleep(time.Second)
		if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "the ValidatingWebhookConfiguration "+hooks+" does not exist") {
			t.Errorf("ready says %v without one of the configurations", err)
		}
	})
}

// configurationsAPI is the API of one kind of webhook configurations, as kubectl uses it.
type configurationsAPI[O any] interface {
	Create(ctx context.Context, object O, o metav1.CreateOptions) (O, error)
	Get(ctx context.Context, name string, o metav1.GetOptions) (O, error)
	Delete(ctx context.Context, name string, o metav1.DeleteOptions) error
}

func testConfigurationKinds(t *testing.T, plane *controlplane.ControlPlane) {
	const name = "kinds"
	api := plane.Client().AdmissionregistrationV1()
	t.Run(mutating.name, func(t *testing.T) {
		testKind(t, plane, configurationRef{mutating, name}, api.MutatingWebhookConfigurations(), mutatingConfiguration(name))
	})
	t.Run(validating.name, func(t *testing.T) {
		testKind(t, plane, configurationRef{validating, name}, api.ValidatingWebhookConfigurations(), validatingConfiguration(name))
	})
}

// testKind follows one configuration through its life: it is created, patched and deleted.
func testKind[O any](t *testing.T, plane *controlplane.ControlPlane, r configurationRef, api configurationsAPI[O], object O) {
	cluster, err := newAPICluster(plane.RESTConfig(), releaseNamespace, secretName, slog.New(slog.DiscardHandler))
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
	want := []configuredWebhook{{name: entryNames()[0]}, {name: entryNames()[1]}}
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
	timeout := time.After(patience)
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
