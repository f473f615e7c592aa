package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// The fleet of people.md S2 and its limits.
const (
	workloads       = 500
	podsEach        = 10
	pods            = workloads * podsEach
	maxDuration     = 10 * time.Second
	maxRSS          = 120 << 20
	maxRequests     = pods/500 + 20
	fleetNamespaces = 10
)

// auditPolicy is a policy for the audit log of kube-apiserver: every request of the program's user, and no other.
const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, users: [%q]}
- level: None
`

// newPlane is a control plane whose audit log has the requests of the program's user.
func newPlane(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	file := filepath.Join(t.TempDir(), "audit-policy.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, auditPolicy, userName), 0o600); err != nil {
		t.Fatal(err)
	}
	return controlplane.ForTest(t, controlplane.Options{Audit: true, APIServerArgs: []string{"--audit-policy-file=" + file}})
}

// TestALargeClusterIsReadInPagesAndOnlyRead is the acceptance of people.md S2.
func TestALargeClusterIsReadInPagesAndOnlyRead(t *testing.T) {
	t.Parallel()
	plane := newPlane(t)
	fill(t, plane)
	user := newUser(t, plane, everywhere)

	r, attempts := user.quickAudit(t, "-A", "-o", "json")
	var report struct {
		Looked struct{ Workloads, Pods, Namespaces int }
		Probes []struct {
			Probe                   string
			Written, Injected, None int
		}
	}
	if err := json.Unmarshal(r.stdout, &report); err != nil {
		t.Fatal(err)
	}
	if l := report.Looked; l.Workloads != workloads || l.Pods != pods || l.Namespaces != fleetNamespaces {
		t.Errorf("looked at %+v", l)
	}
	for _, p := range report.Probes {
		if p.Written+p.Injected+p.None != workloads || (p.Probe == "readiness" && p.Written != workloads/2) {
			t.Errorf("%+v", p)
		}
	}
	user.onlyReads(t, plane, attempts*maxRequests)

	page := filepath.Join(t.TempDir(), "fleet.html")
	if r := user.audit(t, "-A", "-o", "html="+page); r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	if info, err := os.Stat(page); err != nil || info.Size() > 2<<20 {
		t.Errorf("the page: %v, %v", info, err)
	}
}

// quickAudit audits until one of three attempts takes no longer than it may, since the machine has other things to do, and
// returns how many it took.
func (u *user) quickAudit(t *testing.T, args ...string) (result, int) {
	t.Helper()
	for attempts := 1; ; attempts++ {
		r := u.audit(t, args...)
		if r.code != 0 {
			t.Fatalf("exit code %d: %s", r.code, r.stderr)
		}
		t.Logf("%s, RSS %d MiB", r.took.Round(10*time.Millisecond), r.rss>>20)
		if r.rss > maxRSS {
			t.Errorf("%d MiB are resident, more than %d", r.rss>>20, maxRSS>>20)
		}
		if r.took <= maxDuration {
			return r, attempts
		}
		if attempts == 3 {
			t.Fatalf("it took more than %s each time", maxDuration)
		}
	}
}

// fill creates the fleet. No controllers run: Pods carry the owners that controllers would write.
func fill(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	for i := range fleetNamespaces {
		if err := plane.CreateNamespace(t.Context(), namespaceName(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for i := range workloads {
		group.Go(func() error { return fillWorkload(ctx, plane, i) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func namespaceName(i int) string { return fmt.Sprintf("fleet-%02d", i%fleetNamespaces) }

func fillWorkload(ctx context.Context, plane *controlplane.ControlPlane, i int) error {
	namespace, name := namespaceName(i), fmt.Sprintf("service-%03d", i)
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podSpec(i)},
		},
	}
	if _, err := plane.Client().AppsV1().Deployments(namespace).Create(ctx, d, metav1.CreateOptions{}); err != nil {
		return err
	}
	for j := range podsEach {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("%s-5f7d9c8b6d-%05d", name, j), Labels: map[string]string{"app": name, "pod-template-hash": "5f7d9c8b6d"},
				OwnerReferences: []metav1.OwnerReference{{
					APIVersion: "apps/v1", Kind: "ReplicaSet", Name: name + "-5f7d9c8b6d", UID: "00000000-0000-0000-0000-000000000000", Controller: new(true),
				}},
			},
			Spec: podSpec(i),
		}
		if _, err := plane.Client().CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// podSpec is that of a usual service: of about the size that Pods have in real clusters, half of them with readiness.
func podSpec(i int) corev1.PodSpec {
	c := corev1.Container{Name: "app", Image: "registry.example.com/team/service:1.2.3", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}}
	for j := range 40 {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%02d", j), Value: strings.Repeat("x", 40)})
	}
	if i%2 == 0 {
		c.ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromInt32(8080)}}}
	}
	return corev1.PodSpec{Containers: []corev1.Container{c}}
}
