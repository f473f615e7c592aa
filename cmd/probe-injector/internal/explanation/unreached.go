package explanation

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// reach is how a Pod comes to the webhook, or why it does not.
type reach struct {
	file      *policyfile.File
	pod       *workload.Pod
	namespace string
	labels    map[string]string
	// labelsKnown says that the Namespace object was among the input.
	labelsKnown bool
}

// routes are those of the policy, as far as the chart's values let the Pod come.
func (r *reach) routes() []policy.Route {
	return r.file.Routes(r.pod, r.namespace, r.labels)
}

// labelsMatter reports whether the namespace's labels are not known, and could make another answer than the one given
// without them: keep the Pod away, or let a rule select it.
func (r *reach) labelsMatter() bool {
	asking := annotation.Key("", string(annotation.Inject))
	annotations := r.pod.Annotations()
	_, mirror := annotations[corev1.MirrorPodAnnotationKey]
	switch {
	case r.labelsKnown, r.excluded(), r.lacksLabel(), mirror, annotations[asking] == "false", !r.lets(map[string]string{asking: "true"}):
		return false
	}
	return len(r.routes()) > 0 || len(r.file.Policy.Groups()) > 0
}

func (r *reach) excluded() bool {
	return slices.Contains(r.file.Registration.ExcludedNamespaces, r.namespace)
}

func (r *reach) lacksLabel() bool { return r.file.LacksLabel(r.pod) }

// unreached says why there is no route, the most general reason first.
func (r *reach) unreached() string {
	annotations := r.pod.Metadata.Annotations
	_, mirror := annotations[corev1.MirrorPodAnnotationKey]
	inject := annotation.Key("", string(annotation.Inject))
	switch {
	case r.excluded():
		return "excludedNamespaces of the values names namespace " + r.namespace
	case r.labels[policy.InjectLabel] == "false":
		return fmt.Sprintf("namespace %s is labelled %s=false", r.namespace, policy.InjectLabel)
	case !r.lets(map[string]string{inject: "true"}):
		return fmt.Sprintf("namespace %s is never touched", r.namespace)
	case mirror:
		return "a mirror Pod shows a static Pod of the kubelet, which probes it from its file"
	case annotations[inject] == "false":
		return fmt.Sprintf(`it says %s: "false"`, inject)
	case r.lacksLabel():
		return fmt.Sprintf("webhook.requireLabel of the values asks for a label %s on the Pod", policy.InjectLabel)
	case len(r.file.Policy.Groups()) == 0:
		return "it carries no annotation of ours, and the policy has no rules"
	case r.lets(nil):
		return "it carries no annotation of ours, and has every probe that the rules for its namespace ask for"
	case !r.labelsKnown:
		return fmt.Sprintf("it carries no annotation of ours, and no rule selects namespace %s, whose labels are not known here: add its Namespace to the input", r.namespace)
	}
	return fmt.Sprintf("it carries no annotation of ours, and no rule selects namespace %s by its labels", r.namespace)
}

// lets reports whether a Pod without any probes, with these annotations, would come through.
func (r *reach) lets(annotations map[string]string) bool {
	bare := &workload.Pod{
		Metadata: &workload.ObjectMeta{Annotations: annotations},
		Spec:     workload.PodSpec{Containers: []workload.Container{{}}},
	}
	return len(r.file.Policy.Routes(bare, r.namespace, r.labels)) > 0
}
