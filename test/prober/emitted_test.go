package prober_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// promised is the part of policy.Guarantee that these tests hold the kubelet to, as the CLI prints it, in seconds.
type promised struct {
	Detects                 string `json:"detects"`
	KillNotBefore           int32  `json:"killNotBeforeSeconds"`
	KillBy                  int32  `json:"killBySeconds"`
	KillNotBeforeAfterCrash int32  `json:"killNotBeforeAfterCrashSeconds"`
	Tolerance               int32  `json:"toleranceSeconds"`
	Detection               int32  `json:"detectionSeconds"`
	ReadyNotBefore          int32  `json:"readyNotBeforeSeconds"`
	ReadyWithin             int32  `json:"readyWithinSeconds"`
	AddsToStart             int32  `json:"addsToStartSeconds"`
}

// injected is one probe that the engine adds, and what it promises.
type injected struct {
	Field     string        `json:"field"`
	Value     *corev1.Probe `json:"value"`
	Guarantee promised      `json:"guarantee"`
}

// emitted is what the engine injects into the Pods of one timing class.
type emitted struct {
	class  timing.Class
	style  timing.Style
	pod    *corev1.Pod
	probes probe.Map[injected]
}

// guard is the kind of the probe that acts on a container that never starts.
func (e *emitted) guard() probe.Kind {
	if e.style == timing.StyleInitialDelay {
		return probe.Liveness
	}
	return probe.Startup
}

// of is the probe of one kind, and promise what the engine promises of it.
func (e *emitted) of(kind probe.Kind) *corev1.Probe {
	in, _ := e.probes.Get(kind)
	return in.Value
}

func (e *emitted) promise(kind probe.Kind) promised {
	in, _ := e.probes.Get(kind)
	return in.Guarantee
}

// fewerFailures is the same with one failure less for the probe of one kind, to see that it is too few.
func (e *emitted) fewerFailures(kind probe.Kind) *corev1.Pod {
	pod := e.pod.DeepCopy()
	(*slotOf(&pod.Spec.Containers[0], kind)).FailureThreshold--
	return pod
}

// forEveryClass runs a test for every timing class in both styles, in parallel.
func forEveryClass(t *testing.T, test func(t *testing.T, e *emitted)) {
	t.Helper()
	explained, err := explainOnce()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("class", func(t *testing.T) {
		for style, pods := range explained {
			for _, class := range timing.Classes() {
				t.Run(class.Name+"/"+string(style), func(t *testing.T) {
					t.Parallel()
					test(t, emit(t, pods, class, style))
				})
			}
		}
	})
}

// emit puts what the engine injects for a class into a Pod. The handlers are commands that ask the processes of
// package node; no other field is touched.
func emit(t *testing.T, pods map[string][]injected, class timing.Class, style timing.Style) *emitted {
	t.Helper()
	e := &emitted{class: class, style: style}
	e.pod = podWith(pods[class.Name], func(kind probe.Kind, in injected) {
		in.Value.ProbeHandler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: node.Command(kind)}}
		e.probes.Set(kind, in)
	})
	want := 3
	if style == timing.StyleInitialDelay {
		want = 2
	}
	guard, live, ready := e.promise(e.guard()), e.promise(probe.Liveness), e.promise(probe.Readiness)
	if e.probes.Len() != want || guard.KillNotBefore == 0 || guard.KillBy == 0 || live.Tolerance == 0 || ready.ReadyWithin == 0 {
		t.Fatalf("the engine injects %d probes, want %d; it promises %+v, %+v, %+v", e.probes.Len(), want, guard, live, ready)
	}
	return e
}

// podWith is a Pod of one container with copies of the probes, after a change.
func podWith(probes []injected, change func(probe.Kind, injected)) *corev1.Pod {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyAlways,
		Containers:    []corev1.Container{{Name: "web"}},
	}}
	for _, in := range probes {
		for _, kind := range probe.Kinds() {
			if kind.FieldName() == in.Field {
				in.Value = in.Value.DeepCopy()
				change(kind, in)
				*slotOf(&pod.Spec.Containers[0], kind) = in.Value
			}
		}
	}
	return pod
}

func slotOf(c *corev1.Container, kind probe.Kind) **corev1.Probe {
	switch kind {
	case probe.Startup:
		return &c.StartupProbe
	case probe.Liveness:
		return &c.LivenessProbe
	default:
		return &c.ReadinessProbe
	}
}

// explainOnce asks the CLI for all Pods of all tests: for each style, what is injected by the name of the Pod. The
// engine cannot be called from here, because it is written for a newer k8s.io/api than this kubelet's; the CLI is the
// same engine, and what it prints is what people are promised.
var explainOnce = sync.OnceValues(func() (map[timing.Style]map[string][]injected, error) {
	explained := map[timing.Style]map[string][]injected{}
	for _, style := range []timing.Style{timing.StyleStartupProbe, timing.StyleInitialDelay} {
		pods, err := explain(style)
		if err != nil {
			return nil, err
		}
		explained[style] = pods
	}
	return explained, nil
})

// explain runs the CLI from the root module on a policy that has a profile for each class.
func explain(style timing.Style) (map[string][]injected, error) {
	var policy, pods strings.Builder
	fmt.Fprintf(&policy, "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec:\n  style: %s\n  profiles:\n", style)
	for _, class := range timing.Classes() {
		fmt.Fprintf(&policy, "  - {name: a-%s, class: %s, liveness: {handler: /livez}, readiness: {handler: /readyz}}\n", class.Name, class.Name)
		writePod(&pods, class.Name, map[string]string{annotation.Key("", "profile"): "a-" + class.Name})
	}
	for _, each := range socketCases() {
		writePod(&pods, podName(each.handler), map[string]string{
			annotation.Key("", string(probe.Liveness)): each.handler, annotation.Key("", string(probe.Readiness)): each.handler,
		})
	}
	return runExplain(policy.String(), pods.String())
}

// podName makes the name of a Pod out of a handler.
func podName(handler string) string { return strings.NewReplacer(":", "-", "/", "-").Replace(handler) }

func writePod(out *strings.Builder, name string, annotations map[string]string) {
	fmt.Fprintf(out, "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n  annotations:\n", name)
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		fmt.Fprintf(out, "    %s: %q\n", key, annotations[key])
	}
	fmt.Fprintf(out, "spec: {containers: [{name: web, image: 'example.com/shop/web:1', ports: [{containerPort: %d}]}]}\n", emittedPort)
}

// emittedPort is the port of the Pods that the engine sees.
const emittedPort = 8080

func runExplain(policy, pods string) (_ map[string][]injected, err error) {
	folder, err := os.MkdirTemp("", "prober")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "policy.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		return nil, err
	}
	command := exec.Command("go", "run", "./cmd/probe-injector", "explain", "-f", "-", "--policy", file, "-o", "json")
	command.Dir = "../.."
	command.Stdin = strings.NewReader(pods)
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

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
