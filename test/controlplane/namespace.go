package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// serviceAccountTimeout is how long the controllers may take for a namespace's ServiceAccount.
const serviceAccountTimeout = 30 * time.Second

// CreateNamespace creates a namespace and returns when Pods can be created in it.
func (c *ControlPlane) CreateNamespace(ctx context.Context, name string, labels map[string]string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if _, err := c.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the namespace %s: %w", name, err)
	}
	return c.PrepareNamespace(ctx, name)
}

// PrepareNamespace returns when Pods can be created in a namespace that is there already, such as kube-system: when it
// has its default ServiceAccount. Where no controllers run, that is made here.
func (c *ControlPlane) PrepareNamespace(ctx context.Context, name string) error {
	if !c.options.Controllers {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
		_, err := c.client.CoreV1().ServiceAccounts(name).Create(ctx, account, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating the default ServiceAccount of %s: %w", name, err)
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, serviceAccountTimeout)
	defer cancel()
	for {
		err := c.hasServiceAccount(ctx, name)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
