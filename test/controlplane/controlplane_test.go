package controlplane_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// deployment makes one Pod, which stays Pending: there is no node.
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}]
`

func TestControlPlane(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true, Audit: true})
	ctx := t.Context()

	t.Run("kubectl reaches the API server and sees its version", func(t *testing.T) {
		output, err := plane.Kubectl(ctx, "version", "--output=json")
		if err != nil {
			t.Fatal(err)
		}
		var versions struct {
			ServerVersion struct{ GitVersion string }
		}
		if err := json.Unmarshal([]byte(output), &versions); err != nil {
			t.Fatalf("reading %s: %v", output, err)
		}
		if got := versions.ServerVersion.GitVersion; got != plane.Version() || !strings.HasPrefix(got, fmt.Sprintf("v1.%d.", plane.Minor())) {
			t.Errorf("the server's version is %s; it says that it is %s, and its minor version %d", got, plane.Version(), plane.Minor())
		}
	})

	t.Run("a Deployment makes a Pod through its ReplicaSet", func(t *testing.T) {
		if err := plane.CreateNamespace(ctx, "shop", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := plane.KubectlWithInput(ctx, strings.NewReader(deployment), "apply", "-n", "shop", "-f", "-"); err != nil {
			t.Fatal(err)
		}
		pod, err := plane.WaitForPod(ctx, "shop", "app=web")
		if err != nil {
			t.Fatal(err)
		}
		if owner := metav1.GetControllerOf(pod); owner == nil || owner.Kind != "ReplicaSet" {
			t.Errorf("the Pod's owner is %v", owner)
		}
		if got := pod.Spec.Containers[0].Image; got != "example.com/web:1" {
			t.Errorf("the Pod's image is %q", got)
		}
	})

	t.Run("a warning of the API server reaches the caller", func(t *testing.T) {
		const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[
			{"name":"a","image":"a","ports":[{"containerPort":80},{"containerPort":80}]}]}}`
		output, err := plane.KubectlWithInput(ctx, strings.NewReader(pod), "create", "-n", "shop", "--dry-run=server", "-f", "-")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(output, "Warning: ") {
			t.Errorf("no warning in %q", output)
		}
	})

	t.Run("the API server can be scraped", func(t *testing.T) {
		scrape, err := plane.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if scrape.Sum("apiserver_request_total", map[string]string{"resource": "pods", "verb": "POST"}) == 0 {
			t.Error("no Pod was counted")
		}
	})

	t.Run("the audit log has the Pod that the ReplicaSet's controller made", func(t *testing.T) {
		events, err := plane.AuditEvents()
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			if event.User.Username == "system:serviceaccount:kube-system:replicaset-controller" && event.ObjectRef.Resource == "pods" {
				return
			}
		}
		t.Errorf("none of %d events is of that controller", len(events))
	})
}

func TestStopLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pids := []int{plane.PID("etcd"), plane.PID("kube-apiserver")}
	if err := plane.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
}

func TestAFailedStartSaysWhatTheProgramSaid(t *testing.T) {
	t.Parallel()
	_, err := controlplane.Start(t.Context(), controlplane.Options{APIServerArgs: []string{"--no-such-flag"}})
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range []string{"kube-apiserver", "exit status 1", "unknown flag: --no-such-flag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
