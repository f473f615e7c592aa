package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// pageSize is how many Pods one answer holds, so that no answer is large.
const pageSize = 500

// Workload reads an object by kubectl's own spelling, such as "deployment/web" or "deploy/web", from a namespace. An object
// of a kind that has no namespaces, or that the API server does not know, is an error.
func (c *Cluster) Workload(namespace, name string) (*unstructured.Unstructured, error) {
	infos, err := resource.NewBuilder(c.flags).
		Unstructured().
		NamespaceParam(namespace).DefaultNamespace().
		ResourceTypeOrNameArgs(false, name).
		SingleResourceType().
		Do().Infos()
	if err != nil {
		return nil, fmt.Errorf("reading %s in namespace %s: %w", name, namespace, err)
	}
	if len(infos) != 1 {
		return nil, fmt.Errorf("reading %s: %w", name, errNotOne)
	}
	object, ok := infos[0].Object.(*unstructured.Unstructured)
	if !ok || object.GetNamespace() == "" {
		return nil, fmt.Errorf("reading %s: %w", name, errNotOne)
	}
	return object, nil
}

// IsMissing reports whether there is no such object or kind of objects, as far as the API server says.
func IsMissing(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) || errors.Is(err, errNotOne) ||
		strings.Contains(err.Error(), "the server doesn't have a resource type")
}

// errNotOne says what the argument must be.
var errNotOne = errors.New("write one TYPE/NAME, of an object in a namespace")

// NamespaceLabels are the labels of a namespace. Not everybody who may look into a namespace may read it: known is then
// false, without an error.
func (c *Cluster) NamespaceLabels(ctx context.Context, name string) (labels map[string]string, known bool, err error) {
	namespace, err := c.Clients.Core.Namespaces().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading the namespace %s: %w", name, err)
	}
	return namespace.Labels, true, nil
}

// PodsOf are the Pods that belong to a workload and have not ended, in the order of their names.
func (c *Cluster) PodsOf(ctx context.Context, workload *unstructured.Unstructured) ([]corev1.Pod, error) {
	var pods []corev1.Pod
	options := metav1.ListOptions{Limit: pageSize, LabelSelector: selectorOf(workload)}
	for {
		page, err := c.Clients.Core.Pods(workload.GetNamespace()).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("reading the Pods of %s %s: %w", workload.GetKind(), workload.GetName(), err)
		}
		for i := range page.Items {
			if pod := &page.Items[i]; Owns(workload, pod) && !hasEnded(pod) {
				pods = append(pods, *pod)
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

// selectorOf is the workload's own selector, so that no other Pod is read; empty where it has none, as a CronJob.
func selectorOf(workload *unstructured.Unstructured) string {
	members, found, _ := unstructured.NestedMap(workload.Object, "spec", "selector")
	if !found {
		return ""
	}
	if plain, isPlain, _ := unstructured.NestedStringMap(workload.Object, "spec", "selector"); isPlain {
		// A ReplicationController's selector is a map of labels.
		return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: plain})
	}
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(members, selector); err != nil {
		return ""
	}
	return metav1.FormatLabelSelector(selector)
}

// hasEnded reports whether a Pod will never run again.
func hasEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// Owns reports whether a workload made a Pod, by itself or by an object between them, which need not be read.
func Owns(object *unstructured.Unstructured, pod *corev1.Pod) bool {
	if object.GetKind() == "Pod" {
		return object.GetName() == pod.Name
	}
	owner := metav1.GetControllerOf(pod)
	switch {
	case owner == nil:
		return false
	case owner.UID == object.GetUID():
		return true
	}
	between := workload.OwnerReference{APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name}
	kind, name, made := between.Maker(pod.Labels)
	return made && kind == object.GroupVersionKind().GroupKind() && name == object.GetName()
}
