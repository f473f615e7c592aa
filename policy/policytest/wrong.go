// Package policytest reads the tables that tests of the engine share with those that go through a real API server.
package policytest

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// WrongAnnotation is one row of testdata/wrong-annotations.yaml.
type WrongAnnotation struct {
	Name string `json:"name"`
	// Pod is the name of a Pod of wrong-annotations-pods.yaml; "single" where the row names none.
	Pod string `json:"pod"`
	// Annotations are added to those of the Pod, with the project's domain in place of P.
	Annotations map[string]string `json:"annotations"`
	// Remains lists the probes that are injected all the same, as container/probe, sorted.
	Remains []string `json:"remains"`
	// Says is part of the first error and of the first warning; empty where nothing is wrong.
	Says string `json:"says"`
	// Warns is part of a warning.
	Warns string `json:"warns"`
	// Manifest is the Pod with the row's annotations as its user would write it, YAML.
	Manifest []byte `json:"-"`
}

// ReadWrongAnnotations reads the table from policy/testdata.
func ReadWrongAnnotations(testdata fs.FS) ([]WrongAnnotation, error) {
	var table struct {
		Rows []WrongAnnotation `json:"rows"`
	}
	content, err := fs.ReadFile(testdata, "wrong-annotations.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the table of wrong annotations: %w", err)
	}
	if err := yaml.UnmarshalStrict(content, &table); err != nil {
		return nil, fmt.Errorf("reading the table of wrong annotations: %w", err)
	}
	pods, err := readPods(testdata, "wrong-annotations-pods.yaml")
	if err != nil {
		return nil, err
	}
	for i := range table.Rows {
		if err := table.Rows[i].complete(pods); err != nil {
			return nil, fmt.Errorf("%s: %w", table.Rows[i].Name, err)
		}
	}
	return table.Rows, nil
}

// complete fills in what the row leaves out, and its Manifest.
func (w *WrongAnnotation) complete(pods map[string][]byte) error {
	if w.Pod == "" {
		w.Pod = "single"
	}
	full := make(map[string]string, len(w.Annotations))
	for key, value := range w.Annotations {
		full[strings.Replace(key, "P/", annotation.Domain+"/", 1)] = value
	}
	w.Annotations = full
	document, ok := pods[w.Pod]
	if !ok {
		return fmt.Errorf("there is no Pod %q", w.Pod)
	}
	manifest, err := annotate(document, full)
	w.Manifest = manifest
	return err
}

// annotate adds annotations to a Pod's manifest.
func annotate(manifest []byte, annotations map[string]string) ([]byte, error) {
	var pod struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name        string            `json:"name"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec any `json:"spec"`
	}
	if err := yaml.UnmarshalStrict(manifest, &pod); err != nil {
		return nil, fmt.Errorf("reading the Pod: %w", err)
	}
	if pod.Metadata.Annotations == nil {
		pod.Metadata.Annotations = map[string]string{}
	}
	maps.Copy(pod.Metadata.Annotations, annotations)
	annotated, err := yaml.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("writing the Pod: %w", err)
	}
	return annotated, nil
}

// readPods reads the Pods of a stream by their names.
func readPods(testdata fs.FS, name string) (map[string][]byte, error) {
	content, err := fs.ReadFile(testdata, name)
	if err != nil {
		return nil, fmt.Errorf("reading the Pods of the table: %w", err)
	}
	pods := map[string][]byte{}
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		var pod struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &pod); err != nil {
			return nil, fmt.Errorf("reading a Pod of the table: %w", err)
		}
		pods[pod.Metadata.Name] = document
	}
	return pods, nil
}
