package audit

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// Metadata is the part of metav1.ObjectMeta that audit looks at.
type Metadata struct {
	workload.ObjectMeta

	Namespace         string                      `json:"namespace"`
	UID               string                      `json:"uid"`
	CreationTimestamp metav1.Time                 `json:"creationTimestamp"`
	DeletionTimestamp *metav1.Time                `json:"deletionTimestamp"`
	ManagedFields     []metav1.ManagedFieldsEntry `json:"managedFields"`
}

// Namespace is the part of core/v1 Namespace that audit looks at.
type Namespace struct {
	Metadata Metadata `json:"metadata"`
}

// Pod is the part of core/v1 Pod that audit looks at.
type Pod struct {
	Metadata Metadata         `json:"metadata"`
	Spec     workload.PodSpec `json:"spec"`
	Status   PodStatus        `json:"status"`
}

// View is the Pod as the engine sees it.
func (p *Pod) View() *workload.Pod {
	return &workload.Pod{Metadata: &p.Metadata.ObjectMeta, Spec: p.Spec}
}

// PodStatus is the part of core/v1 PodStatus that audit looks at.
type PodStatus struct {
	Phase                 corev1.PodPhase   `json:"phase"`
	Conditions            []Condition       `json:"conditions"`
	ContainerStatuses     []ContainerStatus `json:"containerStatuses"`
	InitContainerStatuses []ContainerStatus `json:"initContainerStatuses"`
}

// Condition is the part of core/v1 PodCondition that audit looks at.
type Condition struct {
	Type               corev1.PodConditionType `json:"type"`
	Status             corev1.ConditionStatus  `json:"status"`
	LastTransitionTime metav1.Time             `json:"lastTransitionTime"`
}

// ContainerStatus is the part of core/v1 ContainerStatus that audit looks at.
type ContainerStatus struct {
	Name         string         `json:"name"`
	Ready        bool           `json:"ready"`
	RestartCount int32          `json:"restartCount"`
	State        ContainerState `json:"state"`
	LastState    ContainerState `json:"lastState"`
}

// ContainerState is the part of core/v1 ContainerState that audit looks at.
type ContainerState struct {
	Running *struct {
		StartedAt metav1.Time `json:"startedAt"`
	} `json:"running"`
	Terminated *struct {
		ExitCode int32  `json:"exitCode"`
		Reason   string `json:"reason"`
	} `json:"terminated"`
}

// Maker is the part of a Deployment, StatefulSet or DaemonSet that audit looks at.
type Maker struct {
	Metadata Metadata `json:"metadata"`
	Spec     struct {
		Paused         bool `json:"paused"`
		UpdateStrategy struct {
			Type string `json:"type"`
		} `json:"updateStrategy"`
		Template workload.Pod `json:"template"`
	} `json:"spec"`
}

// Event is the part of core/v1 Event that audit looks at.
type Event struct {
	Metadata       Metadata `json:"metadata"`
	InvolvedObject struct {
		UID       string `json:"uid"`
		FieldPath string `json:"fieldPath"`
	} `json:"involvedObject"`
	Message        string           `json:"message"`
	FirstTimestamp metav1.Time      `json:"firstTimestamp"`
	LastTimestamp  metav1.Time      `json:"lastTimestamp"`
	EventTime      metav1.MicroTime `json:"eventTime"`
	Count          int32            `json:"count"`
	Series         *struct {
		Count            int32            `json:"count"`
		LastObservedTime metav1.MicroTime `json:"lastObservedTime"`
	} `json:"series"`
}

// times is how often the event has happened: the kubelet counts in one event what happens again.
func (e *Event) times() int {
	if e.Series != nil {
		return int(max(e.Series.Count, 1))
	}
	return int(max(e.Count, 1))
}

// first is when it happened first.
func (e *Event) first() time.Time {
	switch {
	case !e.FirstTimestamp.IsZero():
		return e.FirstTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	}
	return e.Metadata.CreationTimestamp.Time
}

// last is when it happened last.
func (e *Event) last() time.Time {
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	}
	return e.first()
}
