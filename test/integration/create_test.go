package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// created is what the API server answers to the creation of a Pod.
type created struct {
	// raw is the answer as it came.
	raw []byte
	pod corev1.Pod
	// warnings are those of everybody who had something to say, in order.
	warnings []string
}

// create creates a Pod of a manifest, YAML or JSON, in a namespace.
func (c *cluster) create(ctx context.Context, namespace string, manifest []byte) (*created, error) {
	return c.post(ctx, namespace, manifest, nil)
}

// try creates a Pod on dry run: it goes through everything but the storage, so that names can be used again.
func (c *cluster) try(ctx context.Context, namespace string, manifest []byte) (*created, error) {
	return c.post(ctx, namespace, manifest, []string{metav1.DryRunAll})
}

func (c *cluster) post(ctx context.Context, namespace string, manifest []byte, dryRun []string) (*created, error) {
	body, err := yaml.YAMLToJSON(manifest)
	if err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	heard := &listener{}
	request := c.Client().CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").
		WarningHandler(heard).Body(body)
	for _, mode := range dryRun {
		request.Param("dryRun", mode)
	}
	result := request.Do(ctx)
	// Raw does not say what the API server says.
	if err := result.Error(); err != nil {
		return nil, err
	}
	answer := &created{}
	if answer.raw, err = result.Raw(); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(answer.raw, &answer.pod); err != nil {
		return nil, fmt.Errorf("reading the created Pod: %w", err)
	}
	answer.warnings = heard.all()
	return answer, nil
}

// kubectlCreate lets kubectl create the object of a manifest, YAML or JSON, in a namespace, and returns what it printed.
// It reads JSON: kubectl takes YAML that begins with a brace for JSON, and only newer versions then try YAML.
func (c *cluster) kubectlCreate(ctx context.Context, namespace string, manifest []byte, args ...string) (string, error) {
	body, err := yaml.YAMLToJSON(manifest)
	if err != nil {
		return "", fmt.Errorf("reading a manifest: %w", err)
	}
	return c.KubectlWithInput(ctx, bytes.NewReader(body), append([]string{"create", "-n", namespace, "-f", "-"}, args...)...)
}

// manifestOf is a Pod of metadata and spec, YAML in flow style. It has no token, whose volume would get a random name.
func manifestOf(metadata, spec string) []byte {
	spec = strings.Replace(spec, "{", "{automountServiceAccountToken: false, ", 1)
	return fmt.Appendf(nil, "{apiVersion: v1, kind: Pod, metadata: %s, spec: %s}", metadata, spec)
}

// listener hears the warnings that a client gets. It implements rest.WarningHandler.
type listener struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeader is called for each header; only those with the code 299 hold a warning of the API server's.
func (l *listener) HandleWarningHeader(code int, _, text string) {
	if code != warningCode {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, text)
}

// warningCode is "miscellaneous persistent warning" of RFC 7234, which net/http has no name for.
const warningCode = http.StatusMultipleChoices - 1

func (l *listener) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.texts)
}
