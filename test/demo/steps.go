package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// step shows one thing. What it prints is what the API server said.
type step func(ctx context.Context, e *environment) error

func steps() []step {
	return []step{showMistake, showPlan, showDeployment, showDryRun, showUnasked}
}

func heading(text string) { fmt.Printf("\n== %s\n\n", text) }

// kubectl shows a command and what it printed.
func (e *environment) kubectl(ctx context.Context, stdin string, args ...string) error {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = arg
		if strings.ContainsAny(arg, " {}'") {
			quoted[i] = "'" + arg + "'"
		}
	}
	fmt.Printf("$ kubectl %s\n", strings.Join(quoted, " "))
	output, err := e.plane.KubectlWithInput(ctx, strings.NewReader(stdin), args...)
	if err != nil {
		return err
	}
	fmt.Print(indent(output))
	return nil
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// showDeployment creates the example and shows what its ReplicaSet's Pods have.
func showDeployment(ctx context.Context, e *environment) error {
	heading("A Deployment with annotations and no probes")
	if err := e.kubectl(ctx, "", "apply", "-f", "examples/flask-app/deployment.yaml"); err != nil {
		return err
	}
	pod, err := e.plane.WaitForPod(ctx, metav1.NamespaceDefault, "app.kubernetes.io/name=flask-app")
	if err != nil {
		return err
	}
	heading("What the Pod that its ReplicaSet created was annotated with, and what it says now")
	for _, key := range slices.Sorted(maps.Keys(pod.Annotations)) {
		fmt.Printf("  %s: %s\n", key, pod.Annotations[key])
	}
	heading("The probes that the stored Pod has")
	return showProbes(&pod.Spec.Containers[0])
}

// showProbes prints each probe as stored, with one sentence per number and what they guarantee together.
func showProbes(c *corev1.Container) error {
	stored := []struct {
		kind  probe.Kind
		probe *corev1.Probe
	}{{probe.Startup, c.StartupProbe}, {probe.Liveness, c.LivenessProbe}, {probe.Readiness, c.ReadinessProbe}}
	for _, each := range stored {
		if each.probe == nil {
			return fmt.Errorf("the stored Pod has no %s", each.kind.FieldName())
		}
		text, err := yaml.Marshal(map[string]*corev1.Probe{each.kind.FieldName(): each.probe})
		if err != nil {
			return fmt.Errorf("printing a probe: %w", err)
		}
		fmt.Print(indent(string(text)))
		injection := policy.ReadInjection(policy.ContainerRef{Name: c.Name}, each.kind, each.probe, c.StartupProbe)
		for _, e := range injection.Explain() {
			fmt.Printf("    # %s %d: %s\n", e.Field, e.Value, e.Sentence)
		}
		for _, guarantee := range injection.Guarantee().Sentences(injection.Kind) {
			fmt.Printf("    => %s\n", guarantee)
		}
		fmt.Println()
	}
	return nil
}

const askingPod = `apiVersion: v1
kind: Pod
metadata:
  name: asks
  annotations: {probe-injector.dev/inject: "true"}
spec:
  containers:
  - {name: web, image: nginx, ports: [{containerPort: 80}]}
`

// showDryRun shows that the answer can be had without creating anything.
func showDryRun(ctx context.Context, e *environment) error {
	heading("A Pod that leaves the choice to us, on dry run")
	fmt.Print(indent(askingPod))
	fmt.Println()
	status := strings.ReplaceAll(annotation.StatusKey, ".", `\.`)
	if err := e.kubectl(ctx, askingPod, "create", "--dry-run=server", "-f", "-", "-o", "jsonpath={.metadata.annotations."+status+"}{\"\\n\"}"); err != nil {
		return err
	}
	if err := e.kubectl(ctx, "", "get", "pod", "asks", "--ignore-not-found"); err != nil {
		return err
	}
	fmt.Println("  (nothing: a dry run stores nothing)")
	return nil
}

const unaskedPod = `apiVersion: v1
kind: Pod
metadata: {name: unasked}
spec:
  containers:
  - {name: web, image: nginx, ports: [{containerPort: 80}]}
`

// showUnasked shows by the webhook's own counter that other Pods never reach it.
func showUnasked(ctx context.Context, e *environment) error {
	heading("A Pod without our annotations is untouched: it never reaches the webhook")
	before, err := e.reviews(ctx)
	if err != nil {
		return err
	}
	if err := e.kubectl(ctx, unaskedPod, "create", "-f", "-"); err != nil {
		return err
	}
	if err := e.kubectl(ctx, "", "get", "pod", "unasked", "-o", `jsonpath=probes: {.spec.containers[0].livenessProbe}{.spec.containers[0].readinessProbe}{"\n"}`); err != nil {
		return err
	}
	after, err := e.reviews(ctx)
	if err != nil {
		return err
	}
	if after != before {
		return fmt.Errorf("the un-annotated Pod reached the webhook: %v reviews before, %v after", before, after)
	}
	fmt.Printf("  reviews answered by the webhook: %v before, %v after\n", before, after)
	return nil
}

const mistakenDeployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: mistaken}
spec:
  selector: {matchLabels: {app: mistaken}}
  template:
    metadata:
      labels: {app: mistaken}
      annotations:
        probe-injector.dev/liveness: "8080"
        probe-injector.dev/readiness: /readyz
    spec:
      containers:
      - {name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}
`

// showMistake shows a wrong annotation: whoever applies it is told, the Pod is created, and the probe that could kill it is
// withheld.
func showMistake(ctx context.Context, e *environment) error {
	heading("A Deployment with a mistake: you are told when you apply it")
	fmt.Print(indent(mistakenDeployment))
	fmt.Println()
	if err := e.kubectl(ctx, mistakenDeployment, "apply", "-f", "-"); err != nil {
		return err
	}
	if _, err := e.plane.WaitForPod(ctx, metav1.NamespaceDefault, "app=mistaken"); err != nil {
		return err
	}
	heading("Its Pod is created, without the probe that could kill it, and says why")
	return e.kubectl(ctx, "", "get", "pods", "-l", "app=mistaken", "-o", statusColumn)
}

// statusColumn prints what Pods say about their probes.
const statusColumn = `custom-columns=STATUS:.metadata.annotations.probe-injector\.dev/status`

// showPlan shows that a dry run of a workload says what its Pods will get.
func showPlan(ctx context.Context, e *environment) error {
	heading("Look before you leap: a dry run of a Deployment says what its Pods will get")
	return e.kubectl(ctx, "", "apply", "--dry-run=server", "-f", "examples/flask-app/deployment.yaml")
}
