package controlplane

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// controllers returns those that tests can see the work of: the makers of Pods, and what they need. Where there are
// nodes, it is all of them.
func (o Options) controllers() []string {
	if len(o.Nodes) > 0 {
		return []string{"*"}
	}
	return []string{
		"cronjob-controller",
		"daemonset-controller",
		"deployment-controller",
		"garbage-collector-controller",
		"horizontal-pod-autoscaler-controller",
		"job-controller",
		"namespace-controller",
		"replicaset-controller",
		"replicationcontroller-controller",
		"root-ca-certificate-publisher-controller",
		"serviceaccount-controller",
		"statefulset-controller",
		"validatingadmissionpolicy-status-controller",
	}
}

// startControllers starts kube-controller-manager and waits until it gives namespaces their ServiceAccount, without
// which no Pod can be created.
func (c *ControlPlane) startControllers(ctx context.Context) error {
	args := []string{
		"--kubeconfig=" + c.files.path("controllers.kubeconfig"),
		"--controllers=" + strings.Join(c.options.controllers(), ","),
		// Each controller acts under its own name, as in real clusters.
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.files.path("service-accounts.key"),
		"--root-ca-file=" + c.files.path("serving/ca.crt"),
		"--leader-elect=false",
		// Tests create many objects at once.
		"--kube-api-qps=500", "--kube-api-burst=500",
		// It is the first time, too, that an autoscaler waits for.
		"--horizontal-pod-autoscaler-sync-period=1s",
		// No port: nobody asks it anything.
		"--secure-port=0",
	}
	return c.run(ctx, c.programs.controllerManager, args, func(ctx context.Context) error {
		return c.hasServiceAccount(ctx, metav1.NamespaceDefault)
	})
}

// hasServiceAccount reports whether a namespace has the ServiceAccount that its Pods use unless they name another.
func (c *ControlPlane) hasServiceAccount(ctx context.Context, namespace string) error {
	_, err := c.client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("the namespace %s has no default ServiceAccount yet", namespace)
	}
	return err
}
