package policy_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// drawnCase is one question to the engine. Its Pod is a core/v1 Pod, so that nothing here depends on how the engine
// looks at it.
type drawnCase struct {
	// policy is the place of the policy file among drawnPolicies, and group the group of rules that the Pod comes
	// by, or empty where its annotations ask.
	policy int
	group  string
	notes  bool
	pod    *drawnPod
}

// drawnPod may be without metadata, which corev1.Pod cannot.
type drawnPod struct {
	Metadata *metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec     corev1.PodSpec     `json:"spec"`
}

// drawing draws cases from everything that decisions depend on, mistakes included. What it draws for a seed depends on
// the catalogue and on testdata/images.yaml too.
type drawing struct {
	*rand.Rand
	rows      []imageRow
	profiles  []v1alpha1.Profile
	profile   []string
	hinted    []string
	arguments []string
	policies  []drawnPolicy
}

func newDrawing(t *testing.T) *drawing {
	t.Helper()
	built, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	d := &drawing{rows: imageRows(t), profiles: built.Profiles, policies: drawnPolicies()}
	for i := range built.Profiles {
		p := &built.Profiles[i]
		d.profile = append(d.profile, p.Name)
		for _, detection := range p.Detect {
			d.arguments = append(d.arguments, detection.Args...)
		}
		for _, source := range p.Ports {
			if source.Arg != "" {
				d.arguments = append(d.arguments, source.Arg)
			}
		}
	}
	for _, hint := range built.ClassHints {
		d.hinted = append(d.hinted, hint.Images...)
		d.arguments = append(d.arguments, hint.Args...)
	}
	return d
}

// with is the same drawing at the beginning of a seed.
func (d drawing) with(seed uint64) *drawing {
	d.Rand = rand.New(rand.NewPCG(seed, 2026))
	return &d
}

// in100 says yes n times out of a hundred.
func (d *drawing) in100(n int) bool { return d.IntN(100) < n }

func (d *drawing) of(values ...string) string { return oneOf(d.Rand, values...) }

func (d *drawing) draw() *drawnCase {
	c := &drawnCase{policy: d.IntN(len(d.policies)), notes: d.IntN(2) == 0, pod: d.drawPod()}
	groups := d.policies[c.policy].groups
	switch byRule := d.in100(40); {
	case byRule && len(groups) > 0:
		c.group = d.of(groups...)
	case d.in100(1):
		c.group = "nosuch"
	}
	if c.group == "" || d.in100(4) {
		d.annotate(c.pod)
	}
	d.annotateOthers(c.pod)
	if d.IntN(200) == 0 && len(c.pod.Metadata.Annotations) == 0 {
		c.pod.Metadata = nil
	}
	return c
}

func (d *drawing) drawPod() *drawnPod {
	pod := &drawnPod{Metadata: &metav1.ObjectMeta{GenerateName: "web-"}}
	names := []string{"web", "admin", "cache"}
	if d.in100(3) {
		names[0] = d.of("daprd", "queue-proxy", "proxy", "istio-proxy", "w")
	}
	if d.IntN(300) == 0 {
		names[0] = "w\u00e9b\n"
	}
	count := oneOf(d.Rand, 1, 1, 1, 1, 1, 2, 2, 2, 3)
	for i := range count {
		pod.Spec.Containers = append(pod.Spec.Containers, d.container(names[i]))
	}
	if count > 1 && d.in100(25) {
		pod.Spec.Containers[1].Ports = pod.Spec.Containers[0].Ports
	}
	if d.in100(8) {
		pod.Spec.Containers = append(pod.Spec.Containers, d.container(d.of(
			"vault-agent", "cloud-sql-proxy", "daprd", "envoy-sidecar", "queue-proxy", "consul-dataplane", "proxy", "kuma-sidecar")))
	}
	if d.IntN(600) == 0 {
		for i := range oneOf(d.Rand, 30, 30, 30, 30, 120) {
			pod.Spec.Containers = append(pod.Spec.Containers, d.container("c"+strings.Repeat("x", 40)+strconv.Itoa(i)))
		}
	}
	d.addInitContainers(pod)
	d.addMesh(pod)
	nameApart(pod)
	d.place(pod)
	d.own(pod)
	return pod
}

// nameApart gives containers of one name different ones, as the API server demands.
func nameApart(pod *drawnPod) {
	seen := map[string]bool{}
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			for seen[containers[i].Name] {
				containers[i].Name += "x"
			}
			seen[containers[i].Name] = true
		}
	}
}

func (d *drawing) addInitContainers(pod *drawnPod) {
	if d.in100(12) {
		c := d.container("setup")
		if d.in100(60) {
			c.LivenessProbe, c.ReadinessProbe, c.StartupProbe = nil, nil, nil
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
	}
	if d.in100(12) {
		c := d.container(d.of("proxy", "proxy", "vault-agent", "logs"))
		c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
	}
}

// addMesh puts a proxy into the Pod that was injected before the Pod came here.
func (d *drawing) addMesh(pod *drawnPod) {
	if !d.in100(9) {
		return
	}
	proxy := corev1.Container{Name: "istio-proxy", Image: "docker.io/istio/proxyv2:1.23.1"}
	proxy.Ports = []corev1.ContainerPort{{Name: "http-envoy-prom", ContainerPort: 15090, Protocol: corev1.ProtocolTCP}}
	proxy.ReadinessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz/ready", Port: intstr.FromInt32(15021), Scheme: corev1.URISchemeHTTP}},
		PeriodSeconds: 15, FailureThreshold: 4, TimeoutSeconds: 3, SuccessThreshold: 1,
	}
	if d.IntN(2) == 0 {
		proxy = corev1.Container{Name: "linkerd-proxy", Image: "cr.l5d.io/linkerd/proxy:edge-24.8.3"}
		proxy.Ports = []corev1.ContainerPort{{Name: "linkerd-proxy", ContainerPort: 4143}, {Name: "linkerd-admin", ContainerPort: 4191}}
	}
	switch d.IntN(4) {
	case 0:
		proxy.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, proxy)
	case 1:
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "istio-init", Image: proxy.Image})
		pod.Spec.Containers = append([]corev1.Container{proxy}, pod.Spec.Containers...)
	default:
		pod.Spec.Containers = append(pod.Spec.Containers, proxy)
	}
}

// place draws where the Pod runs and how it ends.
func (d *drawing) place(pod *drawnPod) {
	spec := &pod.Spec
	spec.HostNetwork = d.in100(4)
	spec.RestartPolicy = oneOf(d.Rand, corev1.RestartPolicyAlways, corev1.RestartPolicyAlways, "")
	if d.in100(4) {
		spec.RestartPolicy = oneOf(d.Rand, corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure)
	}
	switch d.IntN(80) {
	case 0, 1:
		spec.OS = &corev1.PodOS{Name: corev1.Windows}
	case 2:
		spec.NodeSelector = map[string]string{"kubernetes.io/os": "windows"}
	case 3:
		spec.OS, spec.NodeSelector = &corev1.PodOS{Name: corev1.Linux}, map[string]string{"kubernetes.io/os": "linux"}
	case 4:
		spec.NodeSelector = map[string]string{"type": "virtual-kubelet"}
	case 5:
		spec.Tolerations = []corev1.Toleration{{Key: "node.kubernetes.io/not-ready"}, {Key: d.of("virtual-kubelet.io/provider", "Virtual-Kubelet.io/Provider")}}
	case 6:
		spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	if d.in100(20) {
		spec.TerminationGracePeriodSeconds = new(oneOf[int64](d.Rand, 0, 1, 5, 30, 60, 300, 3600))
	}
}

// own draws the owner and the labels.
func (d *drawing) own(pod *drawnPod) {
	owners := []metav1.OwnerReference{
		{APIVersion: "apps/v1", Kind: "StatefulSet"}, {APIVersion: "apps/v1", Kind: "StatefulSet"}, {APIVersion: "apps/v1", Kind: "DaemonSet"},
		{APIVersion: "v1", Kind: "ReplicationController"}, {APIVersion: "batch/v1", Kind: "Job"}, {APIVersion: "example.com/v1", Kind: "Cluster"},
		{APIVersion: "apps.kruise.io/v1alpha1", Kind: "CloneSet"}, {APIVersion: "apps/v1beta1", Kind: "ReplicaSet"}, {APIVersion: "v1", Kind: "Node"},
	}
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet"}
	if d.in100(30) {
		owner = oneOf(d.Rand, owners...)
	}
	owner.Name, owner.Controller = "owner", new(true)
	switch d.IntN(25) {
	case 0, 1:
	case 2:
		owner.Controller = oneOf(d.Rand, nil, new(false))
		pod.Metadata.OwnerReferences = []metav1.OwnerReference{owner}
	case 3:
		other := metav1.OwnerReference{APIVersion: "example.com/v1", Kind: "Backup", Name: "other"}
		pod.Metadata.OwnerReferences = []metav1.OwnerReference{other, owner}
	default:
		pod.Metadata.OwnerReferences = []metav1.OwnerReference{owner}
	}
	if d.in100(70) {
		pod.Metadata.Labels = map[string]string{"app": "web", "tier": d.of("front", "front", "store", "cache", "back")}
	}
	if d.in100(1) {
		pod.Metadata.Labels = map[string]string{"serving.knative.dev/" + d.of("service", "revision"): "shop"}
	}
}
