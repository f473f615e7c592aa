package explanation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Surroundings are what a cluster says around a workload.
type Surroundings struct {
	// Pods are those of the workload that run.
	Pods []corev1.Pod
	// NamespaceLabels are those of its namespace, where they may be read.
	NamespaceLabels map[string]string
	LabelsKnown     bool
	// Webhook is the webhook's configuration.
	Webhook Webhook
}

// Webhook is what the webhook's configuration says.
type Webhook struct {
	// Known reports that it may be read; else the rest says nothing.
	Known bool
	// Since is when it was made; zero where there is none.
	Since time.Time
	// Selects reports whether an entry of it is for the namespace.
	Selects bool
}

// DryRun is the answer of the API server to the next Pod.
type DryRun struct {
	Pod      *corev1.Pod
	Warnings []string
	Refused  string
}

// Live is what is true of a workload in a cluster.
type Live struct {
	// Pods are the Pods that run now, by what they have: the most first.
	Pods []PodGroup `json:"pods"`
	// Next is the Pod that the workload's controller would make next; nil where the object is a Pod itself.
	Next *NextPod `json:"next,omitempty"`
}

// PodGroup are Pods that have the same.
type PodGroup struct {
	Names []string `json:"names"`
	// Status is what their status says, without its version.
	Status string `json:"status,omitempty"`
	// Reason is why they have no status, Fact says it in a sentence, and Remedy what to do about it.
	Reason reason.Reason `json:"reason,omitempty"`
	Fact   string        `json:"fact,omitempty"`
	Remedy string        `json:"remedy,omitempty"`
}

// NextPod is what the next Pod would have.
type NextPod struct {
	// AskedOf is who said so: "server" by a dry run, or "policy".
	AskedOf string `json:"askedOf"`
	// Refused says why the API server did not answer, so that the policy had to.
	Refused string `json:"refused,omitempty"`
	// Line is what -o line says of the workload.
	Line string `json:"line"`
	// Warnings are what whoever creates the Pod is told.
	Warnings []string `json:"warnings,omitempty"`
	// Policy is what the policy says instead, where it is not the same: the cluster's policy is another one.
	Policy string `json:"policy,omitempty"`
}

// Who can be asked about the next Pod.
const (
	AskedServer = "server"
	AskedPolicy = "policy"
)

// ExplainLive explains a workload that was read from a cluster. The dry run is nil where the server was not asked.
func ExplainLive(file *policyfile.File, place string, w *manifest.Workload, s *Surroundings, dryRun *DryRun) (*Report, error) {
	in := &manifest.Input{Workloads: []manifest.Workload{*w}, Namespaces: map[string]map[string]string{}}
	if s.LabelsKnown {
		in.Namespaces[w.Namespace] = manifest.WithNameLabel(w.Namespace, s.NamespaceLabels)
	}
	report, err := Explain(file, place, in)
	if err != nil {
		return nil, err
	}
	out := &report.Workloads[0]
	out.Source = ""
	l := looking{file: file, workload: w, around: s, labels: in.Namespaces[w.Namespace], explained: out}
	live := &Live{}
	if live.Pods, err = l.groups(); err != nil {
		return nil, err
	}
	if len(w.Template) > 0 {
		live.Next = l.next(dryRun)
	}
	out.Live = live
	return report, nil
}

// looking judges the Pods of one workload.
type looking struct {
	file      *policyfile.File
	workload  *manifest.Workload
	around    *Surroundings
	labels    map[string]string
	explained *Workload
}

// groups puts Pods together that have the same.
func (l *looking) groups() ([]PodGroup, error) {
	groups := []PodGroup{}
	for i := range l.around.Pods {
		pod := &l.around.Pods[i]
		group, err := l.judge(pod)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(groups, func(g PodGroup) bool {
			return g.Status == group.Status && g.Reason == group.Reason && g.Fact == group.Fact
		})
		if at < 0 {
			groups, at = append(groups, group), len(groups)
		}
		groups[at].Names = append(groups[at].Names, pod.Name)
	}
	slices.SortStableFunc(groups, func(a, b PodGroup) int { return cmp.Compare(len(b.Names), len(a.Names)) })
	return groups, nil
}

// judge says what a Pod has, or why it has nothing.
func (l *looking) judge(pod *corev1.Pod) (PodGroup, error) {
	if status := statusline.WithoutVersion(pod.Annotations[annotation.StatusKey]); status != "" {
		return PodGroup{Status: status}, nil
	}
	seen, err := viewOf(pod)
	if err != nil {
		return PodGroup{}, err
	}
	why, detail := l.unanswered(pod, seen)
	description, _ := reason.Describe(why)
	group := PodGroup{Reason: why, Fact: description.FactAbout(detail), Remedy: description.RemedyFor(detail)}
	switch why {
	case reason.Misplaced:
		group.Remedy = "move it to " + l.explained.Place
	case reason.BeforeWebhook, reason.BeforeAnnotation:
		group.Remedy = l.replace()
	case reason.Missed:
		group.Remedy = l.replace()
		if !l.around.Webhook.Known {
			group.Fact += ", or it is older than the webhook, whose configuration you may not read"
		}
	}
	return group, nil
}

// replace is how the Pods of a workload are made anew.
func (l *looking) replace() string {
	kind := strings.ToLower(l.workload.Kind)
	switch l.workload.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		return "kubectl -n " + l.workload.Namespace + " rollout restart " + kind + " " + l.workload.Name
	case "Job", "CronJob":
		return "the Pods of the next Job have it"
	}
	return "replace the Pod"
}

// unanswered is why a Pod without a status has none, with the detail of the reason's sentence.
func (l *looking) unanswered(pod *corev1.Pod, seen *workload.Pod) (reason.Reason, string) {
	asks := policy.Asks(seen)
	switch {
	case !asks && l.templateAsks():
		return reason.BeforeAnnotation, ""
	case !asks && len(l.explained.Misplaced) > 0:
		return reason.Misplaced, l.explained.Misplaced[0]
	}
	r := reach{file: l.file, pod: seen, namespace: l.workload.Namespace, labels: l.labels, labelsKnown: l.around.LabelsKnown}
	if !r.labelsKnown {
		r.labels = manifest.WithNameLabel(l.workload.Namespace, nil)
	}
	webhook, routes := l.around.Webhook, r.routes()
	switch {
	case seen.Annotations()[annotation.Key("", string(annotation.Inject))] == "false":
		return reason.OptedOut, ""
	case len(routes) == 0:
		return reason.NotSelected, r.unreached()
	case l.notCalled() != "":
		return reason.NotSelected, l.notCalled()
	case webhook.Known && pod.CreationTimestamp.Time.Before(webhook.Since):
		return reason.BeforeWebhook, ""
	case asks && annotatedLater(pod):
		return reason.BeforeAnnotation, ""
	}
	return l.decided(seen, routes[0])
}

// notCalled is why the webhook that is installed, or not, is not called for Pods of the namespace, empty if it is.
func (l *looking) notCalled() string {
	webhook := l.around.Webhook
	switch {
	case webhook.Known && webhook.Since.IsZero():
		return "no webhook of probe-injector is installed here"
	case webhook.Known && l.around.LabelsKnown && !webhook.Selects:
		return "no entry of the webhook's configuration selects namespace " + l.workload.Namespace
	}
	return ""
}

// decided is the reason of the policy for a Pod that it gives no status; else the webhook was not asked when it should have been.
func (l *looking) decided(seen *workload.Pod, route policy.Route) (reason.Reason, string) {
	d, _, err := patch.Decide(l.file.Policy, policy.Subject{Pod: seen, Route: route}, patch.Options{})
	switch {
	case err == nil && d.Mode == v1alpha1.ModeAudit:
		return reason.NotSelected, "the policy's mode is Audit"
	case err == nil && d.Status == "" && len(d.Skips) > 0:
		return d.Skips[0].Reason, d.Skips[0].Detail
	}
	return reason.Missed, ""
}

// templateAsks reports whether the template carries keys, as it is now.
func (l *looking) templateAsks() bool {
	return len(l.workload.Template) > 0 && policy.Asks(l.workload.Pod)
}

// annotatedLater reports whether a key was written onto the Pod after it was made, when no webhook is asked: the API server keeps
// who wrote what, and when.
func annotatedLater(pod *corev1.Pod) bool {
	for i := range pod.ManagedFields {
		m := &pod.ManagedFields[i]
		if m.Time == nil || m.FieldsV1 == nil || m.Subresource != "" || !m.Time.After(pod.CreationTimestamp.Time) {
			continue
		}
		for key := range pod.Annotations {
			if annotation.Asks(key) && bytes.Contains(m.FieldsV1.GetRawBytes(), []byte(`"f:`+key+`"`)) {
				return true
			}
		}
	}
	return false
}

// next is what the next Pod would have, in the words of the server where it answered.
func (l *looking) next(dryRun *DryRun) *NextPod {
	byPolicy := l.explained.says()
	if dryRun == nil || dryRun.Pod == nil {
		n := &NextPod{AskedOf: AskedPolicy, Line: byPolicy}
		if dryRun != nil {
			n.Refused = dryRun.Refused
		}
		return n
	}
	n := &NextPod{AskedOf: AskedServer, Warnings: dryRun.Warnings, Line: l.saysServer(dryRun)}
	if n.Line != byPolicy && !strings.HasPrefix(n.Line, untouched) {
		n.Policy = byPolicy
	}
	return n
}

// saysServer is what -o line says of the Pod that the API server made.
func (l *looking) saysServer(dryRun *DryRun) string {
	pod := dryRun.Pod
	status := statusline.WithoutVersion(pod.Annotations[annotation.StatusKey])
	if status == "" {
		return l.saysNothing(dryRun)
	}
	if hash := hash(l.added(pod)); hash != "" {
		return status + " [" + hash + "]"
	}
	return status
}

// saysNothing is what is said of a next Pod that gets no status: what the policy says, where that is nothing either.
func (l *looking) saysNothing(dryRun *DryRun) string {
	byPolicy := l.explained.says()
	if len(l.explained.Answers) == 0 || strings.HasPrefix(byPolicy, audit) {
		return byPolicy
	}
	for _, warning := range dryRun.Warnings {
		if strings.HasPrefix(warning, policy.AuditWouldAdd) {
			return warning
		}
	}
	webhook := l.around.Webhook
	switch {
	case webhook.Known && webhook.Since.IsZero():
		return untouched + "no webhook of probe-injector is installed here"
	case webhook.Known && l.around.LabelsKnown && !webhook.Selects:
		return untouched + "no entry of the webhook's configuration selects namespace " + l.workload.Namespace
	}
	return untouched + "no webhook answered"
}

// added is everything that the webhook adds to the Pod of a dry run: the probes that its status lists and the template has not,
// and the label.
func (l *looking) added(pod *corev1.Pod) []string {
	var all []string
	before, _ := statusline.Parse(pod.Annotations[annotation.StatusKey])
	for i := range before.Containers {
		listed := &before.Containers[i]
		had, has := l.workload.Pod.Container(listed.Name), containerOf(pod, listed.Name)
		if had == nil || has == nil {
			continue
		}
		for kind, value := range map[probe.Kind]*corev1.Probe{
			probe.Startup: has.StartupProbe, probe.Liveness: has.LivenessProbe, probe.Readiness: has.ReadinessProbe,
		} {
			if listed.Probes.Has(kind) && value != nil && had.Probe(kind) == nil {
				all = append(all, emission(listed.Name, kind.FieldName(), value))
			}
		}
	}
	if pod.Labels[patch.LabelKey] == patch.LabelValue && l.workload.Pod.Labels()[patch.LabelKey] == "" {
		all = append(all, patch.LabelKey+"="+patch.LabelValue)
	}
	return all
}

func containerOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			if containers[i].Name == name {
				return &containers[i]
			}
		}
	}
	return nil
}

// viewOf is the Pod as decisions look at it.
func viewOf(pod *corev1.Pod) (*workload.Pod, error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	seen := &workload.Pod{}
	if err := json.Unmarshal(text, seen); err != nil {
		return nil, err
	}
	return seen, nil
}
