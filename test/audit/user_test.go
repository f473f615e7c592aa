package audit_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// The ServiceAccount as which the program asks.
const (
	userNamespace = "default"
	userAccount   = "auditor"
	userName      = "system:serviceaccount:" + userNamespace + ":" + userAccount
)

// everywhere gives a user the ClusterRole view in all namespaces.
const everywhere = ""

// user is the program with a kubeconfig of its own.
type user struct{ program, kubeconfig string }

// newUser is a user with the ClusterRole view in one namespace or everywhere.
func newUser(t *testing.T, plane *controlplane.ControlPlane, namespace string) *user {
	t.Helper()
	ctx, client := t.Context(), plane.Client()
	if err := plane.PrepareNamespace(ctx, userNamespace); err != nil {
		t.Fatal(err)
	}
	accounts := client.CoreV1().ServiceAccounts(userNamespace)
	_, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: userAccount}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	// A controller, which does not run here, makes the ClusterRole view of this one.
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:aggregate-to-view"}
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: userNamespace, Name: userAccount}}
	meta := metav1.ObjectMeta{Name: "auditor"}
	if namespace == everywhere {
		_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: subjects}, metav1.CreateOptions{})
	} else {
		_, err = client.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: subjects}, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	token, err := accounts.CreateToken(ctx, userAccount, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &user{build(t), writeKubeconfig(t, plane, token.Status.Token)}
}

// writeKubeconfig writes a kubeconfig whose context is called prod.
func writeKubeconfig(t *testing.T, plane *controlplane.ControlPlane, token string) string {
	t.Helper()
	config := plane.RESTConfig()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"prod": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "prod",
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// build builds the program.
func build(t *testing.T) string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "probe-injector")
	if err := gobuild.Build(t.Context(), gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: program}); err != nil {
		t.Fatal(err)
	}
	return program
}

// result is one run of the program.
type result struct {
	code           int
	stdout, stderr []byte
	took           time.Duration
	// rss is the largest resident set in bytes.
	rss int64
}

// audit runs the program.
func (u *user) audit(t *testing.T, args ...string) result {
	t.Helper()
	command := exec.CommandContext(t.Context(), u.program, append([]string{"audit", "--kubeconfig", u.kubeconfig}, args...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	began := time.Now()
	err := command.Run()
	r := result{stdout: stdout.Bytes(), stderr: stderr.Bytes(), took: time.Since(began)}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r.code = command.ProcessState.ExitCode()
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.rss = usage.Maxrss << 10
	}
	return r
}

// onlyReads looks at what the API server's audit log has of the user.
func (u *user) onlyReads(t *testing.T, plane *controlplane.ControlPlane, most int) {
	t.Helper()
	events, err := plane.AuditEvents()
	if err != nil {
		t.Fatal(err)
	}
	requests := map[string]int{}
	total := 0
	for i := range events {
		e := &events[i]
		if e.User.Username != userName {
			continue
		}
		total++
		requests[e.Verb+" "+e.ObjectRef.Resource]++
		if !slices.Contains([]string{"get", "list"}, e.Verb) {
			t.Errorf("it asked to %s %s", e.Verb, e.ObjectRef.Resource)
		}
	}
	t.Logf("%d requests: %v", total, requests)
	if total == 0 || total > most {
		t.Errorf("%d requests, want at most %d", total, most)
	}
}
