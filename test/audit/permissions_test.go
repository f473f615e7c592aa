package audit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestWhoeverMayViewOneNamespaceSeesItsReport and nothing else.
func TestWhoeverMayViewOneNamespaceSeesItsReport(t *testing.T) {
	t.Parallel()
	plane := newPlane(t)
	for _, name := range []string{"shop", "other"} {
		if err := plane.CreateNamespace(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
		createPod(t, plane, name, "web", map[string]string{"probe-injector.dev/liveness": "off"})
	}
	user := newUser(t, plane, "shop")

	t.Run("the namespace", func(t *testing.T) {
		r := user.audit(t, "-n", "shop")
		for _, want := range []string{
			"Webhook   unknown: mutatingwebhookconfigurations.admissionregistration.k8s.io is forbidden",
			"Looked at 1 workload, 1 Pod, 1 namespace", "Wrong: 1     --only wrong",
		} {
			if !strings.Contains(string(r.stdout), want) {
				t.Errorf("%q is not in\n%s", want, r.stdout)
			}
		}
		if r.code != 0 || string(r.stderr) != "cluster: context prod\n" {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
	t.Run("a finding is an exit code where it is asked for", func(t *testing.T) {
		if r := user.audit(t, "-n", "shop", "--fail-on", "error"); r.code != 1 {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
	t.Run("all namespaces", func(t *testing.T) {
		page := filepath.Join(t.TempDir(), "page.html")
		r := user.audit(t, "-A", "-o", "html="+page, "-o", "json")
		if r.code != 3 || len(r.stdout) > 0 || !strings.Contains(string(r.stderr), `cannot list resource "namespaces" in API group "" at the cluster scope`) ||
			!strings.Contains(string(r.stderr), "-n NAMESPACE looks at one") {
			t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
		if _, err := os.Stat(page); !os.IsNotExist(err) {
			t.Errorf("the page: %v", err)
		}
	})
	t.Run("the cluster's policy", func(t *testing.T) {
		if r := user.audit(t, "-n", "shop", "--policy", "cluster"); r.code != 3 || !strings.Contains(string(r.stderr), "mutatingwebhookconfigurations") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
	t.Run("a namespace without anything", func(t *testing.T) {
		if r := user.audit(t, "-n", "shop", "-l", "app=none"); r.code != 2 || !strings.Contains(string(r.stderr), "nothing to look at") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
}

// TestAPodThatTheWebhookMissedIsMissed: the server is stopped, and the API server goes on without an answer.
func TestAPodThatTheWebhookMissedIsMissed(t *testing.T) {
	t.Parallel()
	plane := newPlane(t)
	if err := plane.CreateNamespace(t.Context(), "shop", nil); err != nil {
		t.Fatal(err)
	}
	asks := map[string]string{"probe-injector.dev/inject": "true"}
	createPod(t, plane, "shop", "before", asks)
	stopped(t, plane)
	// The times of objects are whole seconds.
	<-time.After(1100 * time.Millisecond)
	createPod(t, plane, "shop", "after", asks)
	createPod(t, plane, "shop", "silent", nil)

	user := newUser(t, plane, everywhere)
	allowWebhooks(t, plane)
	r := user.audit(t, "-A", "--only", "missed")
	if r.code != 0 || !strings.Contains(string(r.stdout), "Missed: 1\n  shop/pod/after  1 of 1 Pod asks and no webhook answered; replace them\n") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if !strings.Contains(string(r.stdout), "Webhook   0-probe-injector: its Deployment was not found, not trusted") {
		t.Errorf("%s", r.stdout)
	}
	user.onlyReads(t, plane, maxRequests)
}

// stopped registers a webhook of which no server runs.
func stopped(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	c := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "0-probe-injector"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name:                    "annotated.probe-injector.dev",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new("https://127.0.0.1:1/mutate/annotated")},
			FailurePolicy:           new(admissionregistrationv1.Ignore),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	}
	if err := plane.ReplaceWebhooks(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// allowWebhooks lets the user read webhook configurations.
func allowWebhooks(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "webhooks"}
	role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"mutatingwebhookconfigurations"}, Verbs: []string{"list"},
	}}}
	if _, err := plane.Client().RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "webhooks"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: userNamespace, Name: userAccount}},
	}
	if _, err := plane.Client().RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func createPod(t *testing.T, plane *controlplane.ControlPlane, namespace, name string, annotations map[string]string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}},
	}
	if _, err := plane.Client().CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
