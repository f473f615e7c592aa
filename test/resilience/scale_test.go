package resilience

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

const (
	// reviewers send reviews at the same time, each over a connection of its own.
	reviewers = 8
	// moreMemory is by how much memory may differ between two moments without having grown, in MiB: the collector of
	// garbage runs when it likes.
	moreMemory = 6
)

// TestScale sends reviews of Pods that are all different to a server, in each mode of certificates.
func TestScale(t *testing.T) {
	t.Parallel()
	const user = "system:serviceaccount:probe-injector:probe-injector"
	c := newCluster(t, controlplane.Options{Audit: true, AuditUsers: []string{user}})
	t.Run("memory does not grow with reviews, with certificates from files", func(t *testing.T) {
		c.install(t, plan{namespace: "files"}).answersMany(t)
	})
	t.Run("nor with certificates of its own making, and three objects are watched", func(t *testing.T) {
		r := c.install(t, plan{selfManaged: true})
		r.answersMany(t)
		r.watchesThreeObjects(t, user)
	})
}

// answersMany compares how much memory is resident after some reviews and after many.
func (r *release) answersMany(t *testing.T) {
	t.Helper()
	some, many := either(t, 5_000, 10_000), either(t, 20_000, 100_000)
	client := r.reviewer(t)
	begin := time.Now()
	client.send(t, 0, some)
	afterSome := resident(t, r.running()[0])
	client.send(t, some, many)
	afterMany := resident(t, r.running()[0])
	figure(t, "%.1f MiB resident after %d reviews, %.1f after %d, in %v", afterSome, some, afterMany, many, time.Since(begin).Round(time.Second))
	if afterMany > afterSome+moreMemory {
		t.Errorf("memory grows with reviews: from %.1f to %.1f MiB", afterSome, afterMany)
	}
}

// reviewer sends reviews to a server, as the API server does.
type reviewer struct {
	url     string
	clients []*http.Client
}

// reviewer trusts what the API server was told to trust.
func (r *release) reviewer(t *testing.T) *reviewer {
	t.Helper()
	rendered, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	published, err := r.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), rendered.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(published.Webhooks[0].ClientConfig.CABundle)
	sender := &reviewer{url: r.running()[0].URL("/mutate/annotated")}
	for range reviewers {
		sender.clients = append(sender.clients, &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: r.options.DNSNames[0]},
		}})
	}
	return sender
}

// send sends the reviews with the numbers from one up to another.
func (r *reviewer) send(t *testing.T, from, to int) {
	t.Helper()
	var next atomic.Int64
	next.Store(int64(from))
	var sending sync.WaitGroup
	failures := make([]error, len(r.clients))
	for i, client := range r.clients {
		sending.Go(func() {
			for n := int(next.Add(1)); n <= to && failures[i] == nil; n = int(next.Add(1)) {
				failures[i] = r.review(t.Context(), client, n)
			}
		})
	}
	sending.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

// review sends one review and expects an answer that allows.
func (r *reviewer) review(ctx context.Context, client *http.Client, n int) error {
	body, err := reviewOf(n)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("sending review %d: %w", n, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the answer to review %d: %w", n, err)
	}
	if response.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte(`"allowed":true`)) {
		return fmt.Errorf("review %d is answered %s: %s", n, response.Status, answer)
	}
	return nil
}

// reviewOf returns a review of a Pod that shares no name, image, annotation or mistake with any other.
func reviewOf(n int) ([]byte, error) {
	annotation := []string{
		`"probe-injector.dev/liveness": "/live-%[1]d"`, `"probe-injector.dev/wrong-%[1]d": "true"`,
		`"web-%[1]d.probe-injector.dev/readiness": "tcp:port-%[1]d"`, `"probe-injector.dev/profile": "none-%[1]d"`,
	}[n%4]
	pod := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Pod",
		"metadata": {"name": "web-%[1]d", "namespace": "team-%[1]d", "annotations": {`+annotation+`, "example.com/padding": "%[2]s"}},
		"spec": {"containers": [{"name": "web-%[1]d", "image": "registry.example.com/team-%[1]d/web:%[1]d",
			"ports": [{"name": "p-%[1]d", "containerPort": %[3]d}], "env": [{"name": "PADDING", "value": "%[2]s"}]}]}}`,
		n, strings.Repeat("x", 1500), n%60_000+1)
	return json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Namespace: fmt.Sprintf("team-%d", n), Name: fmt.Sprintf("web-%d", n),
			Kind:     metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
			Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
			Object:   runtime.RawExtension{Raw: []byte(pod)},
		},
	})
}

// watchesThreeObjects looks at all that the server asks of the API server, which it calls as a ServiceAccount with the
// chart's RBAC and nothing more: the Secret and the two webhook configurations, each by its name, and nothing that it
// is refused.
func (r *release) watchesThreeObjects(t *testing.T, user string) {
	t.Helper()
	if got := "system:serviceaccount:" + r.plan.namespace + ":" + r.serviceAccount(t); got != user {
		t.Fatalf("the ServiceAccount is %s, not %s", got, user)
	}
	asked := r.asked(t, user)
	figure(t, "asked of the API server: %v", asked)
	allowed := []string{"secrets/probe-injector-authority", "mutatingwebhookconfigurations/0-probe-injector", "validatingwebhookconfigurations/probe-injector"}
	watched := map[string]bool{}
	for request, times := range asked {
		verb, object, _ := strings.Cut(request, " ")
		if !slices.Contains(allowed, object) {
			t.Errorf("it asks to %s, %d times", request, times)
		}
		watched[object] = watched[object] || verb == "watch"
	}
	for _, object := range allowed {
		if !watched[object] {
			t.Errorf("%s is not watched", object)
		}
	}
}

// asked returns what a user has asked of the API server, such as "watch secrets/name", and how often. What it was
// refused says so.
func (c *cluster) asked(t *testing.T, user string) map[string]int {
	t.Helper()
	events, err := c.AuditEvents()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, event := range events {
		if event.User.Username != user {
			continue
		}
		request := fmt.Sprintf("%s %s/%s", event.Verb, event.ObjectRef.Resource, event.ObjectRef.Name)
		if event.ResponseStatus.Code == http.StatusForbidden {
			request += " (refused)"
		}
		asked[request]++
	}
	return asked
}

// TestTheServerImportsNothingThatCouldWatchMore looks at the packages of ours that are in the server. What libraries
// link without using it cannot be seen here, which is what the test above is for.
func TestTheServerImportsNothingThatCouldWatchMore(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./cmd/webhook")
	list.Dir = root
	output, err := list.Output()
	if err != nil {
		t.Fatalf("listing the server's packages: %v", err)
	}
	const module = "github.com/probe-injector/probe-injector/"
	watching := []string{
		"k8s.io/client-go/informers", "k8s.io/client-go/kubernetes", "k8s.io/client-go/dynamic", "k8s.io/client-go/metadata",
		"sigs.k8s.io/controller-runtime", "sigs.k8s.io/controller-runtime/pkg/cache", "sigs.k8s.io/controller-runtime/pkg/client",
		"sigs.k8s.io/controller-runtime/pkg/manager",
	}
	var ours []string
	for line := range strings.Lines(string(output)) {
		imports := strings.Fields(line)
		if !strings.HasPrefix(imports[0], module) {
			continue
		}
		ours = append(ours, filepath.Base(imports[0]))
		for _, path := range watching {
			if slices.Contains(imports[1:], path) {
				t.Errorf("%s imports %s", imports[0], path)
			}
		}
		if slices.Contains(imports[1:], "k8s.io/client-go/tools/cache") && imports[0] != module+"certs/selfmanaged" {
			t.Errorf("%s watches: only certs/selfmanaged does", imports[0])
		}
	}
	if !slices.Contains(ours, "selfmanaged") {
		t.Errorf("certs/selfmanaged is not in the server, only %v", ours)
	}
}
