package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
)

const failedLiveness = "Container app failed liveness probe, will be restarted"

// own is a service with probes of its own.
const own = `{containers: [{name: app, image: app, ports: [{containerPort: 8080}], livenessProbe: {httpGet: {port: 8080, path: /x}, periodSeconds: 10, failureThreshold: 9}}]}`

func restarted(pod *audit.Pod, times int32, code int, reason string) {
	pod.Status.ContainerStatuses[0].RestartCount = times
	pod.Status.ContainerStatuses[0].LastState = exited(code, reason)
}

// waiting is a Pod whose container runs since then and was never ready.
func waiting(pod *audit.Pod, since time.Duration) {
	pod.Status.ContainerStatuses[0].Ready = false
	pod.Status.ContainerStatuses[0].State = running(since)
	pod.Status.Conditions[0] = audit.Condition{
		Type: corev1.ContainersReady, Status: corev1.ConditionFalse, LastTransitionTime: before(since + time.Second),
	}
}

func TestHurting(t *testing.T) {
	for name, row := range map[string]struct {
		cluster func(*cluster)
		want    []string
	}{
		"a healthy Pod": {func(c *cluster) { c.injected("web", web, asks()) }, nil},
		"an event says that our liveness killed it": {func(c *cluster) {
			c.kill(c.injected("web", web, asks()), failedLiveness, 14, time.Hour)
			c.injected("web", web, asks())
		}, []string{"shop/deployment/web app killed error: killed by our liveness 14x in 1h, 1 of 2 Pods"}},
		"several events and Pods are added up": {func(c *cluster) {
			pod := c.injected("web", web, asks())
			c.kill(pod, failedLiveness, 2, 20*time.Minute)
			c.kill(pod, failedLiveness, 0, 5*time.Minute)
			c.kill(c.injected("web", web, asks()), failedLiveness, 1, 3*time.Minute)
		}, []string{"shop/deployment/web app killed error: killed by our liveness 4x in 20m, 2 of 2 Pods"}},
		"an event that counts in a series": {func(c *cluster) {
			e := c.kill(c.injected("web", web, asks()), failedLiveness, 0, 0)
			e.FirstTimestamp, e.LastTimestamp = metav1.Time{}, metav1.Time{}
			e.EventTime = metav1.NewMicroTime(now().Add(-30 * time.Minute))
			e.Series = &struct {
				Count            int32            `json:"count"`
				LastObservedTime metav1.MicroTime `json:"lastObservedTime"`
			}{5, metav1.NewMicroTime(now())}
		}, []string{"shop/deployment/web app killed error: killed by our liveness 5x in 30m, 1 of 1 Pod"}},
		"the startup probe kills": {func(c *cluster) {
			c.kill(c.injected("web", web, asks()), "Container app failed startup probe, will be restarted", 1, time.Minute)
		}, []string{"shop/deployment/web app killed error: killed by our startup 1x in 60s, 1 of 1 Pod"}},
		"a liveness probe of its own kills": {func(c *cluster) {
			c.kill(c.pod("web", own, nil), failedLiveness, 3, time.Hour)
		}, []string{"shop/deployment/web app killed warning: killed by its own liveness 3x in 1h, 1 of 1 Pod"}},
		"a kill for another reason": {func(c *cluster) {
			c.kill(c.injected("web", web, asks()), "Stopping container app", 3, time.Hour)
		}, nil},
		"an event about a Pod that is gone": {func(c *cluster) {
			c.kill(&audit.Pod{Metadata: audit.Metadata{UID: "gone"}}, failedLiveness, 3, time.Hour)
			c.injected("web", web, asks())
		}, nil},
		"an event about a Pod that is being deleted": {func(c *cluster) {
			pod := c.injected("web", web, asks())
			pod.Metadata.DeletionTimestamp = &metav1.Time{Time: now()}
			c.kill(pod, failedLiveness, 3, time.Hour)
		}, nil},
		"the probe was taken off since": {func(c *cluster) {
			pod := c.injected("web", web, asks())
			pod.Spec.Containers[0].LivenessProbe = nil
			c.kill(pod, failedLiveness, 3, time.Hour)
		}, nil},
		"no event is left, and it looks like a kill": {func(c *cluster) {
			restarted(c.injected("web", web, asks()), 3, 137, "Error")
		}, []string{"shop/deployment/web app restarted warning: perhaps killed by our liveness: restarted 3x, last exit code 137, 1 of 1 Pod"}},
		"it ended by SIGTERM": {func(c *cluster) {
			restarted(c.injected("web", web, asks()), 7, 143, "Error")
		}, []string{"shop/deployment/web app restarted warning: perhaps killed by our liveness: restarted 7x, last exit code 143, 1 of 1 Pod"}},
		"two restarts are no sign":                  {func(c *cluster) { restarted(c.injected("web", web, asks()), 2, 137, "Error") }, nil},
		"a container that was out of memory":        {func(c *cluster) { restarted(c.injected("web", web, asks()), 9, 137, "OOMKilled") }, nil},
		"a container that ends by itself":           {func(c *cluster) { restarted(c.injected("web", web, asks()), 9, 1, "Error") }, nil},
		"restarts with a liveness probe of its own": {func(c *cluster) { restarted(c.pod("web", own, nil), 9, 137, "Error") }, nil},
		"it was never ready, longer than any start takes": {func(c *cluster) {
			waiting(c.injected("web", web, asks()), 26*time.Minute)
			waiting(c.injected("web", web, asks()), 20*time.Minute)
			c.injected("web", web, asks())
		}, []string{"shop/deployment/web app not_ready error: running 26m, not ready: our readiness http:8080/readyz, 2 of 3 Pods"}},
		"it is not ready yet": {func(c *cluster) { waiting(c.injected("web", web, asks()), 2*time.Minute) }, nil},
		"it has lost its readiness": {func(c *cluster) {
			pod := c.injected("web", web, asks())
			waiting(pod, 26*time.Minute)
			pod.Status.Conditions[0].LastTransitionTime = before(5 * time.Minute)
		}, nil},
		"a readiness probe alone has ten minutes": {func(c *cluster) {
			waiting(c.injected("web", web, map[string]string{"probe-injector.dev/readiness": "tcp:8080"}), 9*time.Minute)
			waiting(c.injected("mq", web, map[string]string{"probe-injector.dev/readiness": "tcp:8080"}), 11*time.Minute)
		}, []string{"shop/deployment/mq app not_ready error: running 11m, not ready: our readiness tcp:8080, 1 of 1 Pod"}},
		"a readiness probe of its own keeps it out": {func(c *cluster) {
			waiting(c.pod("web", `{containers: [{name: app, readinessProbe: {tcpSocket: {port: 1}}}]}`, nil), time.Hour)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			row.cluster(c)
			if row.want == nil {
				row.want = []string{}
			}
			if diff := cmp.Diff(row.want, found(c.audit(), audit.Hurting)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheKubeletsWordsAreTakenOutOfAnEvent(t *testing.T) {
	for message, want := range map[string]string{
		"Liveness probe failed: HTTP probe failed with statuscode: 503":                                       "HTTP probe failed with statuscode: 503",
		"Startup probe errored and resulted in unknown state: rpc error":                                      "rpc error",
		"Readiness probe errored: strconv.Atoi":                                                               "strconv.Atoi",
		`Liveness probe failed: Get "http://10.0.0.1:80/": dial tcp 10.0.0.1:80: connect: connection refused`: `Get "http://10.0.0.1:80/": dial tcp 10.0.0.1:80: connect: connection refused`,
		"something else": "something else",
	} {
		if got := audit.Answer(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}
