package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/test/bench/sample"
)

// fleetNamespaces is how many namespaces a fleet has.
const fleetNamespaces = 50

// fleet is what "kubectl get namespaces,deployments -A -o yaml" prints of a cluster with so many workloads, a third of which ask.
func fleet(workloads int) ([]byte, error) {
	var text bytes.Buffer
	text.WriteString("apiVersion: v1\nitems:\n")
	add := func(object any) error {
		lines, err := yaml.Marshal(object)
		if err != nil {
			return fmt.Errorf("writing an object of the fleet: %w", err)
		}
		before := "- "
		for line := range bytes.Lines(lines) {
			text.WriteString(before)
			text.Write(line)
			before = "  "
		}
		return nil
	}
	for i := range fleetNamespaces {
		namespace := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: fleetNamespace(i)}}
		namespace.Labels = map[string]string{corev1.LabelMetadataName: namespace.Name, injectLabel: "true"}
		if err := add(namespace); err != nil {
			return nil, err
		}
	}
	for i := range workloads {
		d, err := fleetDeployment(i)
		if err != nil {
			return nil, err
		}
		if err := add(d); err != nil {
			return nil, err
		}
	}
	text.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	return text.Bytes(), nil
}

func fleetNamespace(i int) string { return fmt.Sprintf("team-%d", i%fleetNamespaces) }

// fleetDeployment is one of them, with what the API server and kubectl add.
func fleetDeployment(i int) (*appsv1.Deployment, error) {
	d, err := sample.Deployment()
	if err != nil {
		return nil, err
	}
	d.Name, d.Namespace = fmt.Sprintf("web-%d", i), fleetNamespace(i)
	if i%3 != 0 {
		for key := range d.Spec.Template.Annotations {
			if annotation.IsOurs(key) {
				delete(d.Spec.Template.Annotations, key)
			}
		}
	}
	applied, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("writing a Deployment: %w", err)
	}
	d.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: string(applied) + "\n", "deployment.kubernetes.io/revision": "3"}
	d.ResourceVersion, d.Generation = strconv.Itoa(100_000+i), int64(1+i%7)
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 2, ReadyReplicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}
	return d, nil
}
