package patch

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Apply returns the Pod as the API server makes it of the patch of a decision. The Pod itself stays as it is.
func Apply(pod *workload.Pod, d *policy.Decision) *workload.Pod {
	if d.Mode == v1alpha1.ModeAudit {
		return pod
	}
	changed := *pod
	changed.Spec.Containers = slices.Clone(pod.Spec.Containers)
	changed.Spec.InitContainers = slices.Clone(pod.Spec.InitContainers)
	injections := fitting(pod, d.Injections)
	for i := range injections {
		in := &injections[i]
		c := containerAt(&changed, in.Container)
		*placeOf(in.Kind, &c.StartupProbe, &c.LivenessProbe, &c.ReadinessProbe) = in.Probe
	}
	label := d.Label && len(injections) > 0
	if d.Status == "" && !label {
		return &changed
	}
	var metadata workload.ObjectMeta
	if pod.Metadata != nil {
		metadata = *pod.Metadata
	}
	changed.Metadata = &metadata
	metadata.Annotations, metadata.Labels = applyMetadata(metadata.Annotations, metadata.Labels, d.Status, label)
	return &changed
}

// ApplyToPod is Apply for the Kubernetes type. Injections into containers that the Pod does not have are left out.
func ApplyToPod(pod *corev1.Pod, d *policy.Decision) *corev1.Pod {
	pod = pod.DeepCopy()
	if d.Mode == v1alpha1.ModeAudit {
		return pod
	}
	injected := false
	for i := range d.Injections {
		in := &d.Injections[i]
		containers := pod.Spec.Containers
		if in.Container.Init {
			containers = pod.Spec.InitContainers
		}
		at := in.Container.Index
		if at < 0 || at >= len(containers) || containers[at].Name == "" || containers[at].Name != in.Container.Name {
			continue
		}
		c := &containers[at]
		if place := placeOf(in.Kind, &c.StartupProbe, &c.LivenessProbe, &c.ReadinessProbe); place != nil && *place == nil {
			*place, injected = in.Probe, true
		}
	}
	pod.Annotations, pod.Labels = applyMetadata(pod.Annotations, pod.Labels, d.Status, d.Label && injected)
	return pod
}

// applyMetadata adds the status and the label to copies of annotations and labels.
func applyMetadata(annotations, labels map[string]string, status string, label bool) (map[string]string, map[string]string) {
	if status != "" {
		annotations = with(annotations, annotation.StatusKey, status)
	}
	if _, ok := labels[LabelKey]; label && !ok {
		labels = with(labels, LabelKey, LabelValue)
	}
	return annotations, labels
}

func with(all map[string]string, key, value string) map[string]string {
	all = maps.Clone(all)
	if all == nil {
		all = map[string]string{}
	}
	all[key] = value
	return all
}

// placeOf is where the probe of a kind belongs among the three of a container, nil for a kind that does not exist.
func placeOf(kind probe.Kind, startup, liveness, readiness **corev1.Probe) **corev1.Probe {
	switch kind {
	case probe.Startup:
		return startup
	case probe.Liveness:
		return liveness
	case probe.Readiness:
		return readiness
	default:
		return nil
	}
}
