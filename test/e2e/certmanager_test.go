package e2e

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/probe-injector/probe-injector/test/certmanager"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/images"
)

// withCertManager installs the real cert-manager until the test ends. If the cluster has one already, that is used and
// stays.
func (s *suite) withCertManager(t *testing.T, tool charttools.Tool) {
	t.Helper()
	if s.hasCertManager(t) {
		return
	}
	if s.node != nil {
		// Other clusters pull the released images.
		s.loadCertManager(t)
	}
	helm, err := charttools.Path(t.Context(), tool)
	if err != nil {
		t.Fatal(err)
	}
	installation := certmanager.Release{Kubeconfig: s.kubeconfig, Helm: helm}
	t.Cleanup(func() {
		if t.Failed() {
			s.show(t, certmanager.Namespace)
		}
		if err := installation.Uninstall(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := installation.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// hasCertManager reports whether the cluster knows cert-manager's kinds.
func (s *suite) hasCertManager(t *testing.T) bool {
	t.Helper()
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		t.Fatal(err)
	}
	definitions := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	_, err = client.Resource(definitions).Get(t.Context(), "certificates.cert-manager.io", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// loadCertManager gives the cluster the images that cert-manager's chart names.
func (s *suite) loadCertManager(t *testing.T) {
	t.Helper()
	all, err := certmanager.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		s.load(t, func(ctx context.Context) (images.Image, error) { return images.FromProgram(ctx, one.Name, one.Program) })
	}
}
