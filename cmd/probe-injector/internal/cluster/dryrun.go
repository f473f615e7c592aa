package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// DryRun is what the API server made of a Pod that it did not store.
type DryRun struct {
	// Pod is what would be stored; nil when it was refused.
	Pod *corev1.Pod
	// Warnings are what whoever creates the Pod is told.
	Warnings []string
	// Refused says why the API server would not have the Pod: a quota, Pod Security, a missing permission, another webhook.
	Refused string
}

// CreateOnDryRun sends a Pod through the whole of admission and stores nothing. That it is refused is no error.
func (c *Cluster) CreateOnDryRun(ctx context.Context, pod *unstructured.Unstructured) (*DryRun, error) {
	said := &warnings{}
	config := rest.CopyConfig(c.Config)
	config.WarningHandler = said
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	created, err := client.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(pod.GetNamespace()).
		Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: "probe-injector"})
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return &DryRun{Refused: err.Error()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("creating a Pod on dry run: %w", err)
	}
	answer := &DryRun{Pod: &corev1.Pod{}, Warnings: said.all()}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(created.Object, answer.Pod); err != nil {
		return nil, fmt.Errorf("reading the Pod of the dry run: %w", err)
	}
	return answer, nil
}

// warnings collects what the API server says beside its answer.
type warnings struct {
	mutex sync.Mutex
	texts []string
}

// warningCode is the only code that an API server sends (RFC 7234, 5.5.7; KEP-1693).
const warningCode = 299

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(code int, _, text string) {
	if code != warningCode || text == "" {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.texts = append(w.texts, text)
}

func (w *warnings) all() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.texts
}
