package workload_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// podOf is a Pod with containers and init containers of the given names.
func podOf(containers, initContainers []string) *workload.Pod {
	pod := &workload.Pod{}
	for _, name := range containers {
		pod.Spec.Containers = append(pod.Spec.Containers, workload.Container{Name: name})
	}
	for _, name := range initContainers {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, workload.Container{Name: name})
	}
	return pod
}

func TestAPodWithoutMetadataHasNeitherLabelsNorAnnotationsNorAController(t *testing.T) {
	pod := &workload.Pod{}
	if pod.Annotations() != nil || pod.Labels() != nil || pod.Controller() != nil || pod.IsStatefulSet() || pod.IsKnative() {
		t.Errorf("annotations %v, labels %v, controller %v", pod.Annotations(), pod.Labels(), pod.Controller())
	}
}

func TestTheMeshIsThatOfTheProxyInThePod(t *testing.T) {
	for name, row := range map[string]struct {
		pod  *workload.Pod
		want workload.Mesh
	}{
		"no proxy":                     {podOf([]string{"web"}, []string{"migrate"}), workload.NoMesh},
		"Istio's proxy as a container": {podOf([]string{"web", "istio-proxy"}, nil), workload.Istio},
		"Istio's proxy as a sidecar":   {podOf([]string{"web"}, []string{"istio-init", "istio-proxy"}), workload.Istio},
		"Linkerd's proxy":              {podOf([]string{"linkerd-proxy", "web"}, nil), workload.Linkerd},
		"only Istio's init container":  {podOf([]string{"web"}, []string{"istio-init"}), workload.NoMesh},
		"a name that begins like one":  {podOf([]string{"istio-proxy-2"}, nil), workload.NoMesh},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row.pod.Mesh(); got != row.want {
				t.Errorf("Mesh is %q, want %q", got, row.want)
			}
		})
	}
}

func TestAPodIsForWindowsByItsOSOrItsNodeSelector(t *testing.T) {
	selector := func(os string) map[string]string { return map[string]string{corev1.LabelOSStable: os} }
	for name, row := range map[string]struct {
		spec workload.PodSpec
		want bool
	}{
		"neither":               {workload.PodSpec{}, false},
		"os windows":            {workload.PodSpec{OS: &workload.PodOS{Name: corev1.Windows}}, true},
		"os linux":              {workload.PodSpec{OS: &workload.PodOS{Name: corev1.Linux}}, false},
		"selector windows":      {workload.PodSpec{NodeSelector: selector("windows")}, true},
		"selector linux":        {workload.PodSpec{NodeSelector: selector("linux")}, false},
		"another label windows": {workload.PodSpec{NodeSelector: map[string]string{"os": "windows"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := workload.Pod{Spec: row.spec}
			if got := pod.IsWindows(); got != row.want {
				t.Errorf("IsWindows is %v", got)
			}
		})
	}
}

func TestAPodIsForAVirtualNodeByItsSelectorOrToleration(t *testing.T) {
	tolerates := func(key string) workload.PodSpec {
		return workload.PodSpec{Tolerations: []workload.Toleration{{Key: "dedicated"}, {Key: key}}}
	}
	for name, row := range map[string]struct {
		spec workload.PodSpec
		want bool
	}{
		"neither":                     {workload.PodSpec{}, false},
		"the type of a virtual node":  {workload.PodSpec{NodeSelector: map[string]string{"type": "virtual-kubelet"}}, true},
		"another type":                {workload.PodSpec{NodeSelector: map[string]string{"type": "gpu"}}, false},
		"its taint is tolerated":      {tolerates("virtual-kubelet.io/provider"), true},
		"a taint in other case":       {tolerates("Virtual-Kubelet.io/Provider"), true},
		"another taint is tolerated":  {tolerates("nvidia.com/gpu"), false},
		"every taint is tolerated":    {tolerates(""), false},
		"a taint that begins like it": {tolerates("virtual-kubelet.io/providers"), false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := workload.Pod{Spec: row.spec}
			if got := pod.OnVirtualNode(); got != row.want {
				t.Errorf("OnVirtualNode is %v", got)
			}
		})
	}
}

func TestAPodIsKnativesByTheLabelsOfItsRevision(t *testing.T) {
	for label, want := range map[string]bool{
		"serving.knative.dev/revision":   true,
		"serving.knative.dev/service":    true,
		"eventing.knative.dev/broker":    false,
		"app":                            false,
		"x-serving.knative.dev/revision": false,
	} {
		pod := workload.Pod{Metadata: &workload.ObjectMeta{Labels: map[string]string{"a": "b", label: "1"}}}
		if got := pod.IsKnative(); got != want {
			t.Errorf("with the label %s, IsKnative is %v", label, got)
		}
	}
}

func TestTheControllerIsTheOwnerThatManagesThePod(t *testing.T) {
	yes, no := true, false
	pod := workload.Pod{Metadata: &workload.ObjectMeta{OwnerReferences: []workload.OwnerReference{
		{Kind: "ConfigMap"}, {Kind: "Application", Controller: &no},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", Controller: &yes}, {Kind: "Other", Controller: &yes},
	}}}
	if owner := pod.Controller(); owner == nil || owner.Name != "db" || !pod.IsStatefulSet() {
		t.Errorf("the controller is %+v", owner)
	}
	pod.Metadata.OwnerReferences = pod.Metadata.OwnerReferences[:2]
	if owner := pod.Controller(); owner != nil || pod.IsStatefulSet() {
		t.Errorf("owners that control nothing count: %+v", owner)
	}
}

func TestOnlyKubernetesOwnControllersThatKeepPodsRunningAreBuiltIn(t *testing.T) {
	for owner, want := range map[workload.OwnerReference]bool{
		{APIVersion: "apps/v1", Kind: "ReplicaSet"}:              true,
		{APIVersion: "apps/v1", Kind: "StatefulSet"}:             true,
		{APIVersion: "apps/v1", Kind: "DaemonSet"}:               true,
		{APIVersion: "v1", Kind: "ReplicationController"}:        true,
		{APIVersion: "batch/v1", Kind: "Job"}:                    false,
		{APIVersion: "apps.kruise.io/v1", Kind: "StatefulSet"}:   false,
		{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster"}:   false,
		{APIVersion: "v1", Kind: "Node"}:                         false,
		{APIVersion: "argoproj.io/v1alpha1", Kind: "ReplicaSet"}: false,
	} {
		if got := owner.IsBuiltIn(); got != want {
			t.Errorf("%s %s: IsBuiltIn is %v", owner.APIVersion, owner.Kind, got)
		}
	}
}

func TestAPodRestartsAlwaysUnlessItSaysOtherwise(t *testing.T) {
	for policy, want := range map[corev1.RestartPolicy]bool{
		"": true, corev1.RestartPolicyAlways: true, corev1.RestartPolicyOnFailure: false, corev1.RestartPolicyNever: false,
	} {
		pod := workload.Pod{Spec: workload.PodSpec{RestartPolicy: policy}}
		if got := pod.RestartsAlways(); got != want {
			t.Errorf("restartPolicy %q: RestartsAlways is %v", policy, got)
		}
	}
}

func TestAContainerIsFoundByNameInBothLists(t *testing.T) {
	pod := podOf([]string{"web", "logs"}, []string{"proxy"})
	for _, name := range []string{"web", "logs", "proxy"} {
		if c := pod.Container(name); c == nil || c.Name != name {
			t.Errorf("%s is %+v", name, c)
		}
	}
	if pod.Container("logs") != &pod.Spec.Containers[1] {
		t.Error("a container is found as a copy")
	}
	if c := pod.Container("none"); c != nil {
		t.Errorf("none is %+v", c)
	}
}
