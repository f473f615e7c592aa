package software_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/test/software"
)

// promised are the promises of the engine, in seconds.
type promised struct {
	Tolerance      int32 `json:"toleranceSeconds"`
	Detection      int32 `json:"detectionSeconds"`
	ReadyNotBefore int32 `json:"readyNotBeforeSeconds"`
	ReadyWithin    int32 `json:"readyWithinSeconds"`
}

// injected is one probe that the engine adds, and what it promises.
type injected struct {
	Field     string        `json:"field"`
	Value     *corev1.Probe `json:"value"`
	Profile   string        `json:"profile"`
	Guarantee promised      `json:"guarantee"`
}

// asked is the Pod that people write, without probes.
func asked(each *software.Software) corev1.Pod {
	annotations := map[string]string{}
	for word, value := range each.Annotations {
		annotations[annotation.Key("", string(word))] = value
	}
	return corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: each.Profile, Annotations: annotations},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{
			Name: each.Profile, Image: each.Image, Args: each.Args, Env: each.Env, Ports: each.Ports,
		}}},
	}
}

// explain asks the CLI what is injected into all Pods, by their names. The engine itself needs a newer k8s.io/api than
// this kubelet's.
func explain(all []software.Software) (map[string][]injected, error) {
	var manifests bytes.Buffer
	for i := range all {
		manifest, err := json.Marshal(asked(&all[i]))
		if err != nil {
			return nil, fmt.Errorf("writing a Pod: %w", err)
		}
		fmt.Fprintf(&manifests, "---\n%s\n", manifest)
	}
	command := exec.Command("go", "run", "./cmd/probe-injector", "explain", "-f", "-", "-o", "json")
	command.Dir = "../../.."
	command.Stdin = &manifests
	var refused bytes.Buffer
	command.Stderr = &refused
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("explaining: %w: %s", err, refused.String())
	}
	var printed struct {
		Workloads []struct {
			Name    string `json:"name"`
			Answers []struct {
				Containers []struct {
					Probes []injected `json:"probes"`
				} `json:"containers"`
			} `json:"answers"`
		} `json:"workloads"`
	}
	if err := json.Unmarshal(out, &printed); err != nil {
		return nil, fmt.Errorf("reading what explain prints: %w", err)
	}
	byName := map[string][]injected{}
	for _, workload := range printed.Workloads {
		for _, answer := range workload.Answers {
			for _, container := range answer.Containers {
				byName[workload.Name] = append(byName[workload.Name], container.Probes...)
			}
		}
	}
	return byName, nil
}
