package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/images"
)

// flaskApp is the name of nearly everything in examples/flask-app.
const flaskApp = "flask-app"

// story is the reference story: the service of examples/flask-app, with three annotations and no probe.
type story struct {
	*suite
	namespace string
	pods      []string
}

// TestReferenceStory is what the product is for, from the manifest of a developer to the restart of a broken container.
// One step follows from the other.
func TestReferenceStory(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	theSuite.load(t, images.FlaskApp)
	s := &story{suite: theSuite, namespace: theSuite.namespace(t, "story", restricted())}

	s.appliesAManifestWithoutProbes(t)
	s.isKeptOutOfRotationUntilItIsReady(t)
	others := s.pods[1:]
	rotation := s.watchRotation(t, s.namespace, flaskApp, others)
	s.restartsTheBrokenContainer(t)
	rotation.end(t)
	for _, name := range others {
		if restarts := statusOf(s.pod(t, s.namespace, name), flaskApp).RestartCount; restarts != 0 {
			t.Errorf("%s was restarted, too", name)
		}
	}
}

func (s *story) appliesAManifestWithoutProbes(t *testing.T) {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "apply", "--namespace", s.namespace, "--filename", filepath.Join(root, "examples", flaskApp, "deployment.yaml"))
	deployment, err := s.client.AppsV1().Deployments(s.namespace).Get(t.Context(), flaskApp, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c := deployment.Spec.Template.Spec.Containers[0]; c.LivenessProbe != nil || c.ReadinessProbe != nil || c.StartupProbe != nil {
		t.Fatal("the Deployment has probes of its own")
	}
	for _, pod := range s.podsOf(t, s.namespace, "app.kubernetes.io/name="+flaskApp, 3) {
		s.pods = append(s.pods, pod.Name)
		status := pod.Annotations["probe-injector.dev/status"]
		if !strings.HasPrefix(status, "flask-app: startup+liveness http:8080/healthz, readiness http:8080/readyz") {
			t.Errorf("the status of %s is %q", pod.Name, status)
		}
	}
	slices.Sort(s.pods)
}

// isKeptOutOfRotationUntilItIsReady follows each of the three Pods from its start until it is Ready.
func (s *story) isKeptOutOfRotationUntilItIsReady(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for i, name := range s.pods {
		all.Go(func() { s.becomesReady(t, fmt.Sprintf("%s, replica %d", flaskApp, i+1), name) })
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	eventually(t, 10*time.Second, names(s.pods)+" are in rotation", func() error {
		ready, err := s.inRotation(t.Context(), s.namespace, flaskApp)
		if err == nil && !slices.Equal(ready, s.pods) {
			err = fmt.Errorf("in rotation are %s", names(ready))
		}
		return err
	})
}

// becomesReady watches a Pod: not Ready while /readyz does not answer 200, and Ready soon after it does.
func (s *story) becomesReady(t *testing.T, subject, name string) {
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		// The Pod first: /readyz succeeds once and for all, so a Pod that was Ready before it did was Ready too early.
		pod, err := s.client.CoreV1().Pods(s.namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := s.ask(t.Context(), s.namespace, name, 8080, "/readyz"); err == nil {
			s.becomesReadyAfter(t, subject, name, time.Now())
			return
		}
		if isReady(pod) {
			t.Errorf("%s is Ready while /readyz says that it is not", name)
			return
		}
		if time.Since(begin) > 2*time.Minute {
			t.Errorf("%s never answered on /readyz: %s", name, summary(pod))
			return
		}
	}
}

func (s *story) becomesReadyAfter(t *testing.T, subject, name string, answered time.Time) {
	for {
		pod, err := s.client.CoreV1().Pods(s.namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		readiness := promised(t, pod, flaskApp, probe.Readiness)
		if isReady(pod) || time.Since(answered) > seconds(readiness.ReadyWithin)+2*slack {
			s.expect(t, measured{subject, "Ready after the first good answer", time.Since(answered), 0, seconds(readiness.ReadyWithin)})
			if statusOf(pod, flaskApp).RestartCount != 0 {
				t.Errorf("%s was restarted while it started", name)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// restartsTheBrokenContainer breaks the first Pod and follows it until it is Ready again.
func (s *story) restartsTheBrokenContainer(t *testing.T) {
	t.Helper()
	name := s.pods[0]
	before := s.pod(t, s.namespace, name)
	liveness := promised(t, before, flaskApp, probe.Liveness)
	if _, err := s.ask(t.Context(), s.namespace, name, 8080, "/break"); err != nil {
		t.Fatal(err)
	}
	broken := time.Now()
	restarted, _ := s.waitFor(t, s.namespace, name, "is restarted", seconds(liveness.Detection)+time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, flaskApp).RestartCount > 0
	})
	s.expect(t, measured{
		flaskApp + ", replica 1", "restarted after /break",
		endOf(t, statusOf(restarted, flaskApp)).Sub(broken), seconds(liveness.Tolerance), seconds(liveness.Detection),
	})
	s.waitFor(t, s.namespace, name, "is Ready again", 2*time.Minute, func(pod *corev1.Pod) bool {
		return isReady(pod) && statusOf(pod, flaskApp).RestartCount == 1
	})
	eventually(t, 10*time.Second, name+" is in rotation again", func() error {
		ready, err := s.inRotation(t.Context(), s.namespace, flaskApp)
		if err == nil && !slices.Contains(ready, name) {
			err = fmt.Errorf("in rotation are %s", names(ready))
		}
		return err
	})
	if pod := s.pod(t, s.namespace, name); pod.UID != before.UID {
		t.Errorf("the Pod was replaced, not its container restarted")
	}
}
