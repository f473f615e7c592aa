package selfmanaged_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/certs/selfmanaged"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/permissions"
)

const (
	releaseNamespace = "probes"
	secretName       = "probe-injector-tls"
	serviceName      = "probe-injector.probes.svc"
	// asWhom is the user that the permissions are given to.
	asWhom = "system:serviceaccount:probes:probe-injector"
	// patience bounds every wait; what is expected to be faster is checked beside it.
	patience = 30 * time.Second
)

// installation is a release of the chart as far as certificates are concerned.
type installation struct {
	*controlplane.ControlPlane
	t             *testing.T
	configuration string
	replicas      []*instance
}

// instance is a replica with its listener.
type instance struct {
	*selfmanaged.Manager
	// address is host, port and path.
	address string
	stop    func()
}

// install starts replicas and only then registers them, as the chart does, with one entry for each.
func install(t *testing.T, plane *controlplane.ControlPlane, name string, replicas int, l selfmanaged.Lifetimes) *installation {
	t.Helper()
	i := &installation{ControlPlane: plane, t: t, configuration: name}
	i.putSecret()
	i.grant(permissions.Required(secretName, []string{name}))
	for range replicas {
		i.replicas = append(i.replicas, i.startReplica(l))
	}
	i.register()
	t.Cleanup(func() {
		err := plane.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{})
		if err != nil {
			t.Error(err)
		}
		for _, r := range i.replicas {
			r.stop()
		}
	})
	return i
}

// putSecret makes the Secret as the chart renders it: empty, in place of an earlier one.
func (i *installation) putSecret() {
	i.t.Helper()
	secrets := i.Client().CoreV1().Secrets(releaseNamespace)
	if err := secrets.Delete(i.t.Context(), secretName, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		i.t.Fatal(err)
	}
	_, err := secrets.Create(i.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName}}, metav1.CreateOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *installation) grant(p permissions.Rules) {
	i.t.Helper()
	ctx, rbac := i.t.Context(), i.Client().RbacV1()
	name := metav1.ObjectMeta{Name: i.configuration, Namespace: releaseNamespace}
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: asWhom}}
	_, err := rbac.Roles(releaseNamespace).Create(ctx, &rbacv1.Role{ObjectMeta: name, Rules: p.Role}, metav1.CreateOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	_, err = rbac.RoleBindings(releaseNamespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: name, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name.Name}}, metav1.CreateOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	name.Namespace = ""
	_, err = rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: name, Rules: p.ClusterRole}, metav1.CreateOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	_, err = rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: name, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name.Name}}, metav1.CreateOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *installation) startReplica(l selfmanaged.Lifetimes) *instance {
	i.t.Helper()
	config := i.RESTConfig()
	config.QPS = 0 // as in production
	config.Impersonate = rest.ImpersonationConfig{UserName: asWhom}
	manager, err := selfmanaged.New(selfmanaged.Options{
		Config: config, Namespace: releaseNamespace, Secret: secretName, Configurations: []string{i.configuration},
		DNSNames: []string{"127.0.0.1", serviceName}, Lifetimes: l, Now: time.Now, Registerer: prometheus.NewRegistry(),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		i.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		i.t.Fatal(err)
	}
	settings := &tls.Config{}
	certs.ServerTLS(manager, tls.VersionTLS13)(settings)
	server := &http.Server{Handler: http.HandlerFunc(allow), TLSConfig: settings, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(i.t.Context()))
	var running sync.WaitGroup
	running.Go(func() { manager.Run(ctx) })
	running.Go(func() { _ = server.ServeTLS(listener, "", "") })
	return &instance{Manager: manager, address: listener.Addr().String() + "/", stop: sync.OnceFunc(func() {
		cancel()
		_ = server.Close()
		running.Wait()
	})}
}

// serving is the certificate that the replica serves.
func (r *instance) serving(t *testing.T) *x509.Certificate {
	t.Helper()
	pair, err := r.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

// allow answers a review, and makes the API server connect anew for the next one, so that each verifies a certificate.
func allow(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	w.Header().Set("Connection", "close")
	_ = json.NewEncoder(w).Encode(review)
}

// register installs the configuration as the chart renders it: without bundles.
func (i *installation) register() {
	i.t.Helper()
	c := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: i.configuration}}
	for n, r := range i.replicas {
		c.Webhooks = append(c.Webhooks, admissionregistrationv1.MutatingWebhook{
			Name:                    fmt.Sprintf("replica-%d.probe-injector.dev", n),
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new("https://" + r.address)},
			FailurePolicy:           new(admissionregistrationv1.Fail),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "shop"}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		})
	}
	_, err := i.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Create(i.t.Context(), c, metav1.CreateOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
}

// create creates a Pod on dry run, which fails unless the API server trusts every replica.
func (i *installation) create() error {
	_, err := i.Client().CoreV1().Pods("shop").Create(i.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "web-"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web:1"}}},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// load creates Pods all the time until the returned function is called, which returns how many there were and why one
// of them was refused.
func (i *installation) load() (stop func() (creates int64, refused error)) {
	ctx, cancel := context.WithCancel(i.t.Context())
	var running sync.WaitGroup
	var creates atomic.Int64
	var first error
	running.Go(func() {
		for ctx.Err() == nil {
			if err := i.create(); err != nil && first == nil {
				first = err
			}
			creates.Add(1)
			time.Sleep(20 * time.Millisecond)
		}
	})
	return func() (int64, error) {
		cancel()
		running.Wait()
		return creates.Load(), first
	}
}

// authority is what is in the Secret, or nil if that cannot be used.
func (i *installation) authority() *x509.Certificate {
	i.t.Helper()
	s, err := i.Client().CoreV1().Secrets(releaseNamespace).Get(i.t.Context(), secretName, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return authorityIn(s.Data)
}

// whole returns what is not as it should be: every replica serves what the authority in the Secret signed, and an API
// server that only knows what is published calls them.
func (i *installation) whole() error {
	a := i.authority()
	if a == nil {
		return errors.New("the Secret has no authority")
	}
	c, err := i.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(i.t.Context(), i.configuration, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, w := range c.Webhooks {
		if all := certificatesIn(w.ClientConfig.CABundle); len(all) == 0 || !all[0].Equal(a) {
			return fmt.Errorf("%s has %d authorities and not the one of the Secret first", w.Name, len(all))
		}
	}
	for n, r := range i.replicas {
		if err := r.Ready(); err != nil {
			return fmt.Errorf("replica %d: %w", n, err)
		}
		if err := r.serving(i.t).CheckSignatureFrom(a); err != nil {
			return fmt.Errorf("replica %d serves what an earlier authority signed: %w", n, err)
		}
	}
	return i.create()
}

// untilWhole waits until everything is as it should be, and returns how long that took.
func (i *installation) untilWhole() time.Duration {
	i.t.Helper()
	begin := time.Now()
	for {
		err := i.whole()
		if err == nil {
			return time.Since(begin)
		}
		if time.Since(begin) > patience {
			i.t.Fatalf("not in %s: %v", patience, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (i *installation) setSecret(data map[string][]byte) {
	i.t.Helper()
	secrets := i.Client().CoreV1().Secrets(releaseNamespace)
	s, err := secrets.Get(i.t.Context(), secretName, metav1.GetOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	s.Data = data
	if _, err := secrets.Update(i.t.Context(), s, metav1.UpdateOptions{}); err != nil {
		i.t.Fatal(err)
	}
}

// setBundles replaces the bundles of some entries.
func (i *installation) setBundles(bundle string, entries ...int) {
	i.t.Helper()
	for _, n := range entries {
		patch := fmt.Sprintf(`[{"op":"replace","path":"/webhooks/%d/clientConfig/caBundle","value":%s}]`, n, bundle)
		_, err := i.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Patch(i.t.Context(), i.configuration,
			types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
		if err != nil {
			i.t.Fatal(err)
		}
	}
}
