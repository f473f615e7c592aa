package chart_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// variantsAreAccepted gives everything that the chart renders to a real API server, which validates it and stores
// nothing. The kinds of cert-manager and of the Prometheus Operator are not in this cluster.
func variantsAreAccepted(t *testing.T, plane *controlplane.ControlPlane) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		objects, err := rendered.Objects()
		if err != nil {
			t.Fatal(err)
		}
		var stream strings.Builder
		count := 0
		for _, object := range objects {
			if group := object.GroupVersionKind().Group; group == "cert-manager.io" || group == "monitoring.coreos.com" {
				continue
			}
			count++
			fmt.Fprintf(&stream, "---\n%s\n", object.YAML)
		}
		output, err := plane.KubectlWithInput(t.Context(), strings.NewReader(stream.String()),
			"create", "--dry-run=server", "--validate=strict", "-f", "-")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(output, "created (server dry run)"); got != count {
			t.Errorf("%d of %d objects were accepted:\n%s", got, count, output)
		}
		for line := range strings.Lines(output) {
			// The namespace enforces Pod Security restricted, and nobody on the node's network can pass that.
			if strings.HasPrefix(line, "Warning") && !strings.HasSuffix(line, "host namespaces (hostNetwork=true)\n") {
				t.Errorf("the API server warns: %s", line)
			}
		}
	})
}

// podsAreRestricted creates our Pods, those of helm test and of the policy's check too, in a namespace that enforces Pod Security restricted. On
// the node's network nobody can pass.
func podsAreRestricted(t *testing.T, plane *controlplane.ControlPlane) {
	c := &cluster{ControlPlane: plane}
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		deployment, err := rendered.Deployment()
		if err != nil {
			t.Fatal(err)
		}
		template := deployment.Spec.Template
		test := &corev1.Pod{}
		if err := rendered.Only("Pod", test); err != nil {
			t.Fatal(err)
		}
		pods := []*corev1.Pod{{ObjectMeta: template.ObjectMeta, Spec: template.Spec}, test}
		check, err := rendered.PolicyCheck()
		if err != nil {
			t.Fatal(err)
		}
		if check != nil {
			pods = append(pods, &corev1.Pod{ObjectMeta: check.Spec.Template.ObjectMeta, Spec: check.Spec.Template.Spec})
		}
		for _, pod := range pods {
			pod.Name = "restricted"
			// It is there in a release, and not in this namespace.
			pod.Spec.ServiceAccountName = ""
			err := c.create(t, "probe-injector", pod)
			switch {
			case err != nil && !template.Spec.HostNetwork:
				t.Error(err)
			case pod.Spec.HostNetwork && (err == nil || !strings.Contains(err.Error(), "hostNetwork=true")):
				t.Errorf("on the node's network the error is %v", err)
			}
		}
	})
}

// policyWarns registers the ValidatingAdmissionPolicy and nothing else of the chart.
func policyWarns(t *testing.T, plane *controlplane.ControlPlane) {
	rendered := renderAll(t, `{validatingAdmissionPolicy: {enabled: true, probes: [readiness, liveness]}, excludedNamespaces: [legacy]}`)
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	var policy strings.Builder
	for _, object := range objects {
		if strings.HasPrefix(object.Kind, "ValidatingAdmissionPolicy") {
			fmt.Fprintf(&policy, "---\n%s\n", object.YAML)
		}
	}
	if _, err := plane.KubectlWithInput(t.Context(), strings.NewReader(policy.String()), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string]map[string]string{"legacy": nil, "left-alone": {"probe-injector.dev/inject": "false"}} {
		if err := plane.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	const (
		readiness = "no readiness probe in: web"
		liveness  = "no liveness probe in: web"
	)
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}}
	cases := map[string]struct {
		namespace string
		change    func(*corev1.Pod)
		want      string
	}{
		"a Pod without probes":              {want: readiness + "; " + liveness},
		"a Pod with readiness":              {change: func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe = probe }, want: liveness},
		"a Pod that ends by itself":         {change: func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }},
		"a Pod that wants to be left alone": {change: func(p *corev1.Pod) { p.Annotations["probe-injector.dev/inject"] = "false" }},
		"a Pod without any annotation":      {change: func(p *corev1.Pod) { p.Annotations = nil }, want: readiness + "; " + liveness},
		"an excluded namespace":             {namespace: "legacy"},
		"a namespace that is left alone":    {namespace: "left-alone"},
		"a namespace of the system":         {namespace: "kube-public"},
		"one container of two with a probe": {change: secondContainerWith(probe), want: readiness + "; " + liveness},
	}
	if err := plane.PrepareNamespace(t.Context(), "kube-public"); err != nil {
		t.Fatal(err)
	}
	waitForWarning(t, plane, asking())
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			pod := asking()
			if test.change != nil {
				test.change(pod)
			}
			if test.namespace == "" {
				test.namespace = "shop"
			}
			got := strings.Join(warningsFor(t, plane, test.namespace, pod), "\n")
			if (test.want == "" && got != "") || !strings.HasSuffix(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("the warning is %q, want %q", got, test.want)
			}
		})
	}
	if _, err := plane.KubectlWithInput(t.Context(), strings.NewReader(policy.String()), "delete", "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

// secondContainerWith adds a container that has both probes.
func secondContainerWith(probe *corev1.Probe) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		second := pod.Spec.Containers[0]
		second.Name, second.ReadinessProbe, second.LivenessProbe = "second", probe, probe
		pod.Spec.Containers = append(pod.Spec.Containers, second)
	}
}

// waitForWarning returns when the API server has noticed the policy.
func waitForWarning(t *testing.T, plane *controlplane.ControlPlane, pod *corev1.Pod) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); len(warningsFor(t, plane, "shop", pod)) == 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the policy is not in force after 30 s")
		}
	}
}

// warningsFor are the policy's warnings when a Pod is created.
func warningsFor(t *testing.T, plane *controlplane.ControlPlane, namespace string, pod *corev1.Pod) []string {
	t.Helper()
	heard := &listener{}
	config := plane.RESTConfig()
	config.WarningHandler = heard
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
		t.Fatal(err)
	}
	return heard.warnings
}

// listener hears the warnings that a client gets. It implements rest.WarningHandler.
type listener struct{ warnings []string }

func (l *listener) HandleWarningHeader(_ int, _, text string) { l.warnings = append(l.warnings, text) }
