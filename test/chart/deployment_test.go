package chart_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/workload"
	"github.com/probe-injector/probe-injector/test/certmanager/chain"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/server"
	"github.com/probe-injector/probe-injector/webhook"
)

// podOf is what our Pods are made from.
func podOf(t *testing.T, rendered *chart.Rendered) corev1.PodSpec {
	t.Helper()
	deployment, err := rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	return deployment.Spec.Template.Spec
}

// volumesOf are the volumes of our Pods by name.
func volumesOf(t *testing.T, rendered *chart.Rendered) map[string]corev1.Volume {
	t.Helper()
	volumes := map[string]corev1.Volume{}
	for _, volume := range podOf(t, rendered).Volumes {
		volumes[volume.Name] = volume
	}
	return volumes
}

// argument is the value of an argument of the server, and whether it has it.
func argument(pod corev1.PodSpec, name string) (string, bool) {
	for _, argument := range pod.Containers[0].Args {
		if value, ok := strings.CutPrefix(argument, "--"+name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func TestTheNamesOfTheCertificateAreThoseOfTheCode(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		service, err := rendered.Service()
		if err != nil {
			t.Fatal(err)
		}
		configuration, err := rendered.WebhookConfiguration()
		if err != nil {
			t.Fatal(err)
		}
		want := chain.DNSNames(chain.Release{FullName: service.Name, Namespace: service.Namespace})
		if configuration.Webhooks[0].ClientConfig.CABundle != nil {
			// The certificate is the admin's: it needs the name that API servers use, and no other.
			want = want[:1]
		}
		if got, _ := argument(podOf(t, rendered), "dns-names"); got != strings.Join(want, ",") {
			t.Errorf("the server is told %q, want %q", got, want)
		}
		for _, entry := range configuration.Webhooks {
			reference := entry.ClientConfig.Service
			// So names the API server whom it calls.
			if called := fmt.Sprintf("%s.%s.svc", reference.Name, reference.Namespace); called != want[0] {
				t.Errorf("the API server calls %s, want %s", called, want[0])
			}
		}
	})
}

func TestEveryEntryCallsAPathOfTheServer(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		configuration, err := rendered.WebhookConfiguration()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range configuration.Webhooks {
			got = append(got, *entry.ClientConfig.Service.Path)
		}
		want := []string{webhook.PathAnnotated}
		for _, group := range groupsOfServer(t, rendered) {
			want = append(want, webhook.PathRules+group)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want - got +:\n%s", diff)
		}
	})
}

// TestEverythingMeetsAtItsPort follows a call from the entry through the Service and the container to the server.
func TestEverythingMeetsAtItsPort(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		service, err := rendered.Service()
		if err != nil {
			t.Fatal(err)
		}
		pod := podOf(t, rendered)
		ports := map[string]int32{}
		for _, port := range pod.Containers[0].Ports {
			ports[port.Name] = port.ContainerPort
		}
		for name, flag := range map[string]string{"https": "listen-address", "health": "health-address", "metrics": "metrics-address"} {
			if got, _ := argument(pod, flag); got != fmt.Sprintf(":%d", ports[name]) {
				t.Errorf("the server listens on %q, the port %s is %d", got, name, ports[name])
			}
		}
		for _, port := range service.Spec.Ports {
			if port.TargetPort != intstr.FromString(port.Name) || ports[port.Name] == 0 {
				t.Errorf("the Service's port %s goes to %s", port.Name, port.TargetPort.String())
			}
		}
		if service.Spec.Ports[0].Port != 443 {
			t.Errorf("the Service has %d, the entries call 443", service.Spec.Ports[0].Port)
		}
	})
}

func TestTheServerReadsWhatIsMounted(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		pod := podOf(t, rendered)
		mounted := map[string]string{}
		for _, mount := range pod.Containers[0].VolumeMounts {
			mounted[mount.Name] = mount.MountPath
			if mount.SubPath != "" {
				t.Errorf("%s is mounted by a subPath, which is never updated", mount.Name)
			}
		}
		if got, _ := argument(pod, "policy"); got != mounted["policy"]+"/policy.yaml" {
			t.Errorf("the server reads %s", got)
		}
		if got, _ := argument(pod, "cert-dir"); got != mounted["certificate"] {
			t.Errorf("the server reads certificates in %q, mounted is %q", got, mounted["certificate"])
		}
	})
}

// TestOurOwnProbesAreOurOwnAdvice asks the engine what it would inject for the keys that describe our server, and holds
// the template against it.
func TestOurOwnProbesAreOurOwnAdvice(t *testing.T) {
	engine, err := policy.Parse([]byte("apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {}\n"), "v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		deployment, err := rendered.Deployment()
		if err != nil {
			t.Fatal(err)
		}
		own := deployment.Spec.Template.Spec.Containers[0]
		got := []*corev1.Probe{own.StartupProbe, own.LivenessProbe, own.ReadinessProbe}
		for _, probe := range got {
			probe.HTTPGet.Port = intstr.FromInt32(portOf(own, probe.HTTPGet.Port.StrVal))
		}
		want := advised(t, engine, deployment.Spec.Template)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("advice - template +:\n%s", diff)
		}
	})
}

// advised are the probes that the engine derives for our container, if it had none: for a server that says where it
// answers, starts within a second, and may take a minute for that.
func advised(t *testing.T, engine *policy.Policy, template corev1.PodTemplateSpec) []*corev1.Probe {
	t.Helper()
	bare := template.DeepCopy()
	own := &bare.Spec.Containers[0]
	own.StartupProbe, own.LivenessProbe, own.ReadinessProbe = nil, nil, nil
	bare.Annotations = map[string]string{
		"probe-injector.dev/liveness":                      "http:health/healthz",
		"probe-injector.dev/readiness":                     "http:health/readyz",
		"probe-injector.dev/startup-budget":                "1m",
		"probe-injector.dev/startup.initialDelaySeconds":   "0",
		"probe-injector.dev/startup.periodSeconds":         "2",
		"probe-injector.dev/startup.timeoutSeconds":        "2",
		"probe-injector.dev/liveness.initialDelaySeconds":  "0",
		"probe-injector.dev/readiness.initialDelaySeconds": "0",
	}
	decision := engine.Decide(policy.Subject{Pod: view(t, corev1.Pod{ObjectMeta: bare.ObjectMeta, Spec: bare.Spec})})
	if len(decision.Errors) > 0 {
		t.Fatalf("errors %v", decision.Errors)
	}
	var probes []*corev1.Probe
	for _, injection := range decision.Injections {
		// What the API server says for a scheme that is absent.
		injection.Probe.HTTPGet.Scheme = ""
		probes = append(probes, injection.Probe)
	}
	return probes
}

// view is a Pod as decisions see it.
func view(t *testing.T, pod corev1.Pod) *workload.Pod {
	t.Helper()
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	seen := &workload.Pod{}
	if err := json.Unmarshal(text, seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

// portOf is the number of a named port.
func portOf(container corev1.Container, name string) int32 {
	for _, port := range container.Ports {
		if port.Name == name {
			return port.ContainerPort
		}
	}
	return 0
}

// TestADrainFitsIntoTheGracePeriod: the kubelet must not kill a server that still answers.
func TestADrainFitsIntoTheGracePeriod(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		pod := podOf(t, rendered)
		text, _ := argument(pod, "drain-duration")
		drain, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		configuration, err := rendered.WebhookConfiguration()
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(*configuration.Webhooks[0].TimeoutSeconds) * time.Second
		grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second
		if spare := grace - drain - last; spare < 10*time.Second {
			t.Errorf("a drain of %s and a last review of %s leave %s of %s", drain, last, spare, grace)
		}
		if pod.Containers[0].Lifecycle != nil {
			t.Error("a preStop hook would wait a second time")
		}
	})
}

// TestAChangedPolicyDoesNotRestartPods: the server reloads it.
func TestAChangedPolicyDoesNotRestartPods(t *testing.T) {
	inject, err := renderAll(t, `{policy: {mode: Inject}}`).Deployment()
	if err != nil {
		t.Fatal(err)
	}
	audit, err := renderAll(t, `{policy: {mode: Audit, rules: []}}`).Deployment()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(inject.Spec.Template, audit.Spec.Template); diff != "" {
		t.Errorf("Inject - Audit +:\n%s", diff)
	}
}

// TestThePodOfHelmTestIsAnswered: what it waits for is the status that the engine writes for it.
func TestThePodOfHelmTestIsAnswered(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		pod := corev1.Pod{}
		if err := rendered.Only("Pod", &pod); err != nil {
			t.Fatal(err)
		}
		file, err := rendered.PolicyFile()
		if err != nil {
			t.Fatal(err)
		}
		engine, err := policy.Parse(file, "v0.0.0")
		if err != nil {
			t.Fatal(err)
		}
		decision := engine.Decide(policy.Subject{Pod: view(t, pod)})
		if decision.Status == "" || len(decision.Errors) > 0 {
			t.Errorf("it is answered %q, errors %v", decision.Status, decision.Errors)
		}
	})
}

// TestTheProgramOfHelmTest runs what the Pod runs, the webhook's own program: it fails where there is no answer.
func TestTheProgramOfHelmTest(t *testing.T) {
	program, err := server.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{}
	rendered := renderAll(t, `{}`)
	if err := rendered.Only("Pod", pod); err != nil {
		t.Fatal(err)
	}
	container := pod.Spec.Containers[0]
	if want := podOf(t, rendered).Containers[0].Image; container.Image != want {
		t.Errorf("its image is %s and not ours, %s", container.Image, want)
	}
	if got := container.Env[0].ValueFrom.FieldRef.FieldPath; got != "metadata.annotations['probe-injector.dev/status']" {
		t.Errorf("STATUS comes from %s", got)
	}
	for status, succeeds := range map[string]bool{"": false, "nothing: restart_policy (v0.1.0)": true} {
		argument := strings.ReplaceAll(container.Args[0], "$(STATUS)", status)
		output, err := exec.CommandContext(t.Context(), program, argument).CombinedOutput()
		if (err == nil) != succeeds {
			t.Errorf("with the status %q: %v: %s", status, err, output)
		}
		if status != "" && !strings.Contains(string(output), status) {
			t.Errorf("it does not show the status %q: %s", status, output)
		}
	}
}

// TestThePodOfHelmTestHasNoUserOfItsOwn: on OpenShift each namespace has a range of them.
func TestThePodOfHelmTestHasNoUserOfItsOwn(t *testing.T) {
	pod := &corev1.Pod{}
	if err := renderAll(t, `{}`).Only("Pod", pod); err != nil {
		t.Fatal(err)
	}
	if user := pod.Spec.SecurityContext.RunAsUser; user != nil {
		t.Errorf("it is %d", *user)
	}
	if user := pod.Spec.Containers[0].SecurityContext.RunAsUser; user != nil {
		t.Errorf("of the container it is %d", *user)
	}
}

func TestTheServiceAndEveryEntryKnowOurPods(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		deployment, err := rendered.Deployment()
		if err != nil {
			t.Fatal(err)
		}
		service, err := rendered.Service()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(deployment.Spec.Selector.MatchLabels, service.Spec.Selector); diff != "" {
			t.Errorf("Deployment - Service +:\n%s", diff)
		}
		labels := deployment.Spec.Template.Labels
		for key, value := range service.Spec.Selector {
			if labels[key] != value {
				t.Errorf("our Pods have %s=%q, the Service selects %q", key, labels[key], value)
			}
		}
		test := &corev1.Pod{}
		if err := rendered.Only("Pod", test); err != nil {
			t.Fatal(err)
		}
		if test.Labels["probe-injector.dev/component"] != "" {
			t.Error("the test's Pod counts as one of ours")
		}
	})
}
