package chart_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/process"
	"github.com/probe-injector/probe-injector/test/server"
)

// TestAServerLivesWithItsRelease runs the real server as the ServiceAccount that the chart makes, with the arguments and
// the permissions that the chart gives, and changes the release below it: so the permissions suffice, and what it writes
// stays.
func TestAServerLivesWithItsRelease(t *testing.T) {
	t.Parallel()
	const namespace = "default"
	plane := controlplane.ForTest(t, controlplane.Options{})
	c := &cluster{ControlPlane: plane, helm: newHelm(t, charttools.Helm4, plane)}
	c.helm.upgrade(t, namespace)
	health := c.startServer(t, namespace)
	c.eventually(t, "the server is ready", func() bool { return isReady(t, health) })

	authority := c.authority(t, namespace)
	if len(authority.Data) == 0 {
		t.Fatal("the server is ready, and its Secret is empty")
	}
	if trusted := c.bundles(t); len(trusted) != 2 || !allTheSame(trusted) {
		t.Fatalf("the server is ready, and its bundles are %v", trusted)
	}

	c.helm.upgrade(t, namespace, "--set", "policy.rules[0].name=everything", "--set", "policy.rules[1].name=more",
		"--set", "policy.rules[1].namespaceSelector.matchLabels.tier=shop")
	c.eventually(t, "the new entries have the bundle", func() bool {
		trusted := c.bundles(t)
		return len(trusted) == 3 && allTheSame(trusted)
	})
	c.helm.must(t, "rollback", "probe-injector", "1", "--namespace", namespace)
	c.eventually(t, "the former entries have the bundle", func() bool {
		trusted := c.bundles(t)
		return len(trusted) == 2 && allTheSame(trusted)
	})
	for key, value := range authority.Data {
		if !bytes.Equal(c.authority(t, namespace).Data[key], value) {
			t.Errorf("%s of the Secret has changed", key)
		}
	}
	if !isReady(t, health) {
		t.Error("the server is not ready any more")
	}

	// The server still runs, as Pods do for a while, and must not bring anything back.
	c.helm.must(t, "uninstall", "probe-injector", "--namespace", namespace)
	c.nothingIsLeft(t, namespace)
	time.Sleep(2 * time.Second)
	c.nothingIsLeft(t, namespace)
	_, err := plane.Client().CoreV1().Secrets(namespace).Get(t.Context(), authorityName, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the Secret is back: %v", err)
	}
}

// startServer starts the server as the installed Deployment says, but on free ports of 127.0.0.1, and returns the address
// of its health.
func (c *cluster) startServer(t *testing.T, namespace string) string {
	t.Helper()
	program, err := server.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	deployment, err := c.Client().AppsV1().Deployments(namespace).Get(t.Context(), "probe-injector", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ports, err := process.FreePorts(3)
	if err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	address := func(n int) string { return fmt.Sprintf("127.0.0.1:%d", ports[n]) }
	// Of two flags of one name the last one counts.
	arguments := append(slices.Clone(pod.Containers[0].Args),
		"--policy=", "--kubeconfig="+c.kubeconfigOf(t, namespace, pod.ServiceAccountName),
		"--listen-address="+address(0), "--health-address="+address(1), "--metrics-address="+address(2), "--drain-duration=0s")
	started, err := process.Start(process.Command{Path: program, Args: arguments, LogFile: filepath.Join(t.TempDir(), "webhook.log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", started.LogTail(30))
		}
		if err := started.Kill(); err != nil {
			t.Error(err)
		}
	})
	return address(1)
}

// kubeconfigOf writes a kubeconfig with a token of a ServiceAccount, and returns its path.
func (c *cluster) kubeconfigOf(t *testing.T, namespace, account string) string {
	t.Helper()
	token, err := c.Client().CoreV1().ServiceAccounts(namespace).
		CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	admin := c.RESTConfig()
	config := clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: admin.Host, CertificateAuthorityData: admin.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{account: {Token: token.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: account}},
		CurrentContext: "test",
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// authority is the Secret that the server fills.
func (c *cluster) authority(t *testing.T, namespace string) *corev1.Secret {
	t.Helper()
	secret, err := c.Client().CoreV1().Secrets(namespace).Get(t.Context(), authorityName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// bundles are those of all entries, by the entries' names without the domain.
func (c *cluster) bundles(t *testing.T) map[string]string {
	t.Helper()
	now, err := c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), configurationName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, webhook := range now.Webhooks {
		found[strings.TrimSuffix(webhook.Name, ".probe-injector.dev")] = string(webhook.ClientConfig.CABundle)
	}
	return found
}

// allTheSame reports whether all entries have the same bundle, and one at all.
func allTheSame(bundles map[string]string) bool {
	for _, one := range bundles {
		for _, other := range bundles {
			if one == "" || one != other {
				return false
			}
		}
	}
	return true
}

// isReady asks a server whether it is ready. One that cannot be reached is not.
func isReady(t *testing.T, health string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+health+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
