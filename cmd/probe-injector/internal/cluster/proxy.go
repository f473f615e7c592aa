package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// Target is a place in a Pod that answers HTTP.
type Target struct {
	Namespace, Pod string
	// Scheme is http or https. The API server does not verify the certificate of a Pod, as the kubelet does not.
	Scheme string
	Port   int32
	// Path may have a query.
	Path string
}

// uri is the path of a request through the API server's proxy.
func (t *Target) uri() string {
	return fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:%s:%d/proxy%s", t.Namespace, t.Scheme, url.PathEscape(t.Pod), t.Port, t.Path)
}

// Answered is what came back from a Pod.
type Answered struct {
	// Code is the status; 0 when the Pod gave none.
	Code int
	Took time.Duration
	// Unreached is why the API server got no answer from the Pod.
	Unreached string
	// Silent reports that nothing came back in time.
	Silent bool
}

// maxProxied is how much of an answer is read: enough for the API server's own Status.
const maxProxied = 4096

// proxyFailed begins the message of a Status with which the API server says that it got no answer
// (k8s.io/apiserver/pkg/util/proxy and k8s.io/apimachinery/pkg/util/proxy: NewProxyErrorHandler).
const proxyFailed = "error trying to reach service: "

// Prober sends requests to Pods through the API server.
type Prober struct {
	client *http.Client
	base   string
}

// Prober prepares requests to Pods. It follows no redirect: what a Pod answers must not lead the person's credentials anywhere.
func (c *Cluster) Prober() (*Prober, error) {
	client, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base, _, err := rest.DefaultServerUrlFor(c.Config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return &Prober{client, strings.TrimSuffix(base.String(), "/")}, nil
}

// Get sends a GET to a Pod and waits no longer than the timeout. That the API server itself refuses or cannot be reached is an
// error.
func (p *Prober) Get(ctx context.Context, t Target, timeout time.Duration) (Answered, error) {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(within, http.MethodGet, p.base+t.uri(), nil)
	if err != nil {
		return Answered{}, fmt.Errorf("asking Pod %s in namespace %s: %w", t.Pod, t.Namespace, err)
	}
	began := time.Now()
	response, err := p.client.Do(request)
	a := Answered{Took: time.Since(began)}
	switch {
	case ctx.Err() != nil:
		return a, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return Answered{Took: a.Took, Silent: true}, nil
	case err != nil:
		return a, fmt.Errorf("asking Pod %s in namespace %s: %w", t.Pod, t.Namespace, err)
	}
	defer response.Body.Close()
	a.Code = response.StatusCode
	if a.Code < http.StatusBadRequest {
		return a, nil
	}
	// What cannot be read is no Status of the API server.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxProxied))
	return a.read(body, t)
}

// read tells the API server's own answers from those of the Pod.
func (a Answered) read(body []byte, t Target) (Answered, error) {
	var status metav1.Status
	//nolint:nilerr // What is no Status of the API server is an answer of the Pod.
	if err := json.Unmarshal(body, &status); err != nil || status.Kind != "Status" {
		return a, nil
	}
	if message, failed := strings.CutPrefix(status.Message, proxyFailed); failed {
		a.Code, a.Unreached = 0, message
		return a, nil
	}
	err := &apierrors.StatusError{ErrStatus: status}
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsNotFound(err) {
		return a, fmt.Errorf("asking Pod %s in namespace %s: %w", t.Pod, t.Namespace, err)
	}
	return a, nil
}
