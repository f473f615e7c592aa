package selfmanaged_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/certs/selfmanaged"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/process"
	"github.com/probe-injector/probe-injector/test/server"
)

// testProcess runs the program that users run.
func testProcess(t *testing.T, plane *controlplane.ControlPlane) {
	i := &installation{ControlPlane: plane, t: t, configuration: "process"}
	i.putSecret()
	path, err := server.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	webhook, address, health := startProgram(t, path, plane, i.configuration)
	err = webhook.WaitUntil(t.Context(), "ready, as nobody calls it yet", func(ctx context.Context) error { return ready(ctx, health) })
	if err != nil {
		t.Fatal(err)
	}
	i.replicas = []*instance{{address: address + "/mutate/annotated"}}
	i.register()
	t.Cleanup(func() {
		err := plane.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(context.WithoutCancel(t.Context()), i.configuration, metav1.DeleteOptions{})
		if err != nil {
			t.Error(err)
		}
	})
	err = webhook.WaitUntil(t.Context(), "called", i.ask)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("from its start to the first call: %s", time.Since(begin).Round(time.Millisecond))
	stop := i.load()
	i.setSecret(nil)
	time.Sleep(selfmanaged.DefaultLifetimes().Hold + time.Second)
	if _, refused := stop(); refused != nil {
		t.Errorf("a Pod was refused during the rotation: %v", refused)
	}
	if n := len(i.published()); n != 2 {
		t.Errorf("%d authorities are published after the rotation, want 2", n)
	}
	if err := webhook.Terminate(t.Context()); err != nil {
		t.Error(err)
	}
}

// ask creates a Pod that asks, on dry run. That it is accepted does not show that the webhook was called: the API server may not
// know of the webhook yet.
func (i *installation) ask(ctx context.Context) error {
	pod, err := i.Client().CoreV1().Pods("shop").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "asks", Annotations: map[string]string{"probe-injector.dev/inject": "true"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "web", Image: "web:1", Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
		}}},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil && pod.Spec.Containers[0].ReadinessProbe == nil {
		err = errors.New("nothing was injected")
	}
	return err
}

// published are the authorities in the first entry.
func (i *installation) published() []*x509.Certificate {
	i.t.Helper()
	c, err := i.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(i.t.Context(), i.configuration, metav1.GetOptions{})
	if err != nil {
		i.t.Fatal(err)
	}
	return certificatesIn(c.Webhooks[0].ClientConfig.CABundle)
}

func startProgram(t *testing.T, path string, plane *controlplane.ControlPlane, configuration string) (p *process.Process, address, health string) {
	t.Helper()
	ports, err := process.FreePorts(3)
	if err != nil {
		t.Fatal(err)
	}
	local := func(n int) string { return fmt.Sprintf("127.0.0.1:%d", ports[n]) }
	p, err = process.Start(process.Command{
		Path: path, LogFile: filepath.Join(t.TempDir(), "webhook.log"),
		Args: []string{
			"--tls-secret=" + secretName, "--namespace=" + releaseNamespace, "--webhook-configurations=" + configuration,
			"--kubeconfig=" + plane.KubeconfigPath(), "--dns-names=127.0.0.1",
			"--listen-address=" + local(0), "--health-address=" + local(1), "--metrics-address=" + local(2), "--drain-duration=100ms",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.LogTail(30))
		}
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	err = p.WaitUntil(t.Context(), "alive", func(ctx context.Context) error { return answers(ctx, "http://"+local(1)+"/healthz") })
	if err != nil {
		t.Fatal(err)
	}
	return p, local(0), "http://" + local(1)
}

func ready(ctx context.Context, health string) error { return answers(ctx, health+"/readyz") }

func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
