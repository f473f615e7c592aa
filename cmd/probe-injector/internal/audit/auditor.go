package audit

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Options are what the judgement depends on beside the objects.
type Options struct {
	// Now is when the objects are read.
	Now time.Time
	// Policy decides what a Pod should have got.
	Policy *policy.Policy
	// RulesKnown reports that the rules of the policy are those of the cluster, so that a Pod may have missed one of them.
	RulesKnown bool
	// RulesSince is when the rules were last changed; zero is not known.
	RulesSince time.Time
	// Registration is the webhook's; nil where there is none or it is not known.
	Registration *Registration
	// Selector selects Pods; nil selects all.
	Selector labels.Selector
}

// Auditor judges objects one after the other. Of a workload it keeps a row, of a Pod nothing.
type Auditor struct {
	options    Options
	namespaces map[string]*Namespace
	makers     map[Workload]*maker
	kills      map[killed]*kill
	rows       map[Workload]*row
}

// row is what is known of one workload.
type row struct {
	Workload

	pods   int
	has    inventory
	hurts  map[string]*hurt
	missed int
	starts map[string]*start
	danger map[danger]int
	// wrong and misplaced are texts, of Pods whose template is not known.
	wrong, misplaced map[string]bool
}

// New returns an Auditor that knows no object.
func New(options Options) *Auditor {
	if options.Selector == nil {
		options.Selector = labels.Everything()
	}
	return &Auditor{
		options: options, namespaces: map[string]*Namespace{}, makers: map[Workload]*maker{},
		kills: map[killed]*kill{}, rows: map[Workload]*row{},
	}
}

// AddNamespace takes a namespace.
func (a *Auditor) AddNamespace(n *Namespace) { a.namespaces[n.Metadata.Name] = n }

// BeginPods forgets all Pods, because their list begins again.
func (a *Auditor) BeginPods() { clear(a.rows) }

// AddPod takes a Pod, after all other objects. Pods that have finished or are being deleted count no more.
func (a *Auditor) AddPod(pod *Pod) {
	if pod.Metadata.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return
	}
	r := a.row(WorkloadOf(pod))
	r.pods++
	view := pod.View()
	judged := &judged{
		Pod: pod, view: view, row: r, injected: policy.InjectedProbes(view),
	}
	r.has.add(a.options.Policy, view, judged.injected)
	a.judgeHurting(judged)
	a.judgeMissed(judged)
	a.judgeStart(judged)
	a.judgeDanger(judged)
	if _, made := a.makers[r.Workload]; !made {
		a.judgeAnnotations(r, view)
	}
}

// judged is a Pod that is being judged.
type judged struct {
	*Pod

	view     *workload.Pod
	row      *row
	injected []policy.InjectedProbe
}

func (a *Auditor) row(w Workload) *row {
	r, known := a.rows[w]
	if !known {
		r = &row{Workload: w}
		a.rows[w] = r
	}
	return r
}
