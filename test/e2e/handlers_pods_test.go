package e2e

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// keys writes annotations of ours with the smallest figures that we accept, so that what they promise is soon seen, and
// with others that replace them. The keys are words, or words with a container and a dot in front of the domain.
func keys(container string, words map[string]string) map[string]string {
	prefix := "probe-injector.dev/"
	if container != "" {
		prefix = container + "." + prefix
	}
	annotations := map[string]string{
		prefix + "startup-budget": "30s", prefix + "restart-after": "20s", prefix + "unready-after": "13s",
	}
	for word, value := range words {
		annotations[prefix+word] = value
	}
	return annotations
}

// both is all annotations of two containers.
func both(one, other map[string]string) map[string]string {
	all := maps.Clone(one)
	maps.Copy(all, other)
	return all
}

// target is a container of the server that does as it is told, by the name "web". It lets some seconds pass until its
// ports are open, and some more until it is ready, so that each step of its start can be seen.
func target(args ...string) corev1.Container {
	return corev1.Container{
		Name: "web", Image: "localhost/target:1",
		Args:  append([]string{"--start-after=4s", "--ready-after=6s"}, args...),
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("5m"), corev1.ResourceMemory: resource.MustParse("16Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

// secondTarget is a target for the same Pod, by the name "admin", with ports that are one higher.
func secondTarget(args ...string) corev1.Container {
	container := target(append([]string{"--control=8001", "--http=8081", "--https=8444", "--grpc=9001", "--tcp=7001"}, args...)...)
	container.Name = "admin"
	container.Ports = []corev1.ContainerPort{{Name: "admin", ContainerPort: 8081}}
	return container
}

// handlerPod is a Pod that satisfies Pod Security "restricted" and has no probe.
func handlerPod(annotations map[string]string, containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: annotations},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			// On a cluster without DNS the kubelet would warn again and again, and of 25 warnings about a Pod it sends no more
			// (client-go/tools/record: defaultSpamBurst).
			DNSPolicy: corev1.DNSDefault,
			// A frozen process has no use for more.
			TerminationGracePeriodSeconds: new(int64(1)),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: containers,
		},
	}
}

// withSidecar puts a native sidecar in front of a Pod's containers.
func withSidecar(pod *corev1.Pod, sidecar corev1.Container) *corev1.Pod {
	sidecar.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	pod.Spec.InitContainers = []corev1.Container{sidecar}
	return pod
}

// withPorts is a container with other ports declared.
func withPorts(container corev1.Container, ports ...corev1.ContainerPort) corev1.Container {
	container.Ports = ports
	return container
}
