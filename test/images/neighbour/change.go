package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// callsAnnotation and the name of the change are the key under which a Pod says how often the webhook was called for it.
const callsAnnotation = "neighbour.example.com/calls-"

// change is what the webhook does to a Pod, in a file as YAML. Done twice, it does nothing the second time but count.
type change struct {
	// Containers are added behind the others, or before them, unless the Pod has one of the name.
	Containers []corev1.Container `json:"containers,omitempty"`
	First      bool               `json:"first,omitempty"`
	// InitContainers are added behind the others. With restartPolicy Always they are native sidecars.
	InitContainers []corev1.Container `json:"initContainers,omitempty"`
	// TakesProbes sends the http and tcp probes that the Pod has to the containers that are added, and tells those by
	// probersVariable what to ask in turn.
	TakesProbes bool `json:"takesProbes,omitempty"`
	// Annotations are set.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// operation is one of RFC 6902.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patch is what changes a Pod.
func (c change) patch(name string, pod *corev1.Pod) ([]operation, error) {
	operations, err := c.annotate(name, pod)
	if err != nil {
		return nil, err
	}
	added := missing(pod.Spec.Containers, c.Containers)
	addedInit := missing(pod.Spec.InitContainers, c.InitContainers)
	if c.TakesProbes && len(added)+len(addedInit) > 0 {
		taken := takeProbes(pod)
		value, err := json.Marshal(taken.probers)
		if err != nil {
			return nil, fmt.Errorf("encoding what the proxy has to ask: %w", err)
		}
		variable := corev1.EnvVar{Name: probersVariable, Value: string(value)}
		for _, containers := range [][]corev1.Container{added, addedInit} {
			for i := range containers {
				containers[i].Env = append(slices.Clone(containers[i].Env), variable)
			}
		}
		operations = append(operations, taken.operations...)
	}
	operations = append(operations, addContainers("/spec/containers", pod.Spec.Containers, added, c.First)...)
	return append(operations, addContainers("/spec/initContainers", pod.Spec.InitContainers, addedInit, false)...), nil
}

// annotate counts the call and sets the annotations.
func (c change) annotate(name string, pod *corev1.Pod) ([]operation, error) {
	wanted := map[string]string{}
	maps.Copy(wanted, c.Annotations)
	calls := 0
	if before, ok := pod.Annotations[callsAnnotation+name]; ok {
		var err error
		if calls, err = strconv.Atoi(before); err != nil {
			return nil, fmt.Errorf("reading how often it was called: %w", err)
		}
	}
	wanted[callsAnnotation+name] = strconv.Itoa(calls + 1)
	var operations []operation
	if pod.Annotations == nil {
		operations = append(operations, operation{"add", "/metadata/annotations", map[string]string{}})
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		operations = append(operations, operation{"add", "/metadata/annotations/" + escape(key), wanted[key]})
	}
	return operations, nil
}

// missing are those of the wanted containers whose names are not taken.
func missing(present, wanted []corev1.Container) []corev1.Container {
	return slices.DeleteFunc(slices.Clone(wanted), func(w corev1.Container) bool {
		return slices.ContainsFunc(present, func(p corev1.Container) bool { return p.Name == w.Name })
	})
}

// addContainers adds containers to a list of the Pod.
func addContainers(path string, present, added []corev1.Container, first bool) []operation {
	if len(added) == 0 {
		return nil
	}
	if len(present) == 0 {
		return []operation{{"add", path, added}}
	}
	var operations []operation
	for i := range added {
		position := "-"
		if first {
			position = strconv.Itoa(i)
		}
		operations = append(operations, operation{"add", path + "/" + position, added[i]})
	}
	return operations
}

// escape makes a key part of a JSON pointer (RFC 6901).
func escape(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }
