package cluster_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
)

func podOf(name string, labels map[string]string, owner *metav1.OwnerReference) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: labels}}
	if owner != nil {
		controller := true
		owner.Controller = &controller
		pod.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	return pod
}

func object(kind, name string, selector map[string]any) *unstructured.Unstructured {
	spec := map[string]any{}
	if selector != nil {
		spec["selector"] = selector
	}
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetAPIVersion(map[string]string{"Rollout": "argoproj.io/v1alpha1", "CronJob": "batch/v1", "Pod": "v1"}[kind])
	if u.GetAPIVersion() == "" {
		u.SetAPIVersion("apps/v1")
	}
	u.SetKind(kind)
	u.SetNamespace("shop")
	u.SetName(name)
	u.SetUID("uid-of-" + types.UID(name))
	return u
}

func TestWhichPodsBelongToAWorkload(t *testing.T) {
	replicaSet := func(name string) *metav1.OwnerReference {
		return &metav1.OwnerReference{Kind: "ReplicaSet", Name: name, UID: "another"}
	}
	job := func(name string) *metav1.OwnerReference {
		return &metav1.OwnerReference{Kind: "Job", Name: name, UID: "another"}
	}
	hash := func(label string) map[string]string { return map[string]string{label: "5f7d9c"} }
	rows := map[string]struct {
		workload *unstructured.Unstructured
		pod      *corev1.Pod
		want     bool
	}{
		"a Deployment's Pod, through a ReplicaSet":     {object("Deployment", "web", nil), podOf("a", hash("pod-template-hash"), replicaSet("web-5f7d9c")), true},
		"the Pod of a Deployment whose name begins so": {object("Deployment", "web", nil), podOf("a", hash("pod-template-hash"), replicaSet("web-api-5f7d9c")), false},
		"the Pod of a ReplicaSet that somebody wrote":  {object("Deployment", "web", nil), podOf("a", nil, replicaSet("web-5f7d9c")), false},
		"a Rollout's Pod":                                {object("Rollout", "web", nil), podOf("a", hash("rollouts-pod-template-hash"), replicaSet("web-5f7d9c")), true},
		"a Rollout's Pod is none of a Deployment":        {object("Deployment", "web", nil), podOf("a", hash("rollouts-pod-template-hash"), replicaSet("web-5f7d9c")), false},
		"a CronJob's Pod, through a Job":                 {object("CronJob", "backup", nil), podOf("a", nil, job("backup-29731245")), true},
		"the Pod of a Job whose name ends in a number":   {object("CronJob", "backup", nil), podOf("a", nil, job("backup-2")), false},
		"the Pod of a Job that somebody wrote":           {object("CronJob", "backup", nil), podOf("a", nil, job("backup-once")), false},
		"a StatefulSet's Pod, by the uid":                {object("StatefulSet", "db", nil), podOf("db-0", nil, &metav1.OwnerReference{Kind: "StatefulSet", Name: "db", UID: "uid-of-db"}), true},
		"the Pod of an earlier StatefulSet of that name": {object("StatefulSet", "db", nil), podOf("db-0", nil, &metav1.OwnerReference{Kind: "StatefulSet", Name: "db", UID: "another"}), false},
		"a Pod without a controller":                     {object("Deployment", "web", nil), podOf("a", hash("pod-template-hash"), nil), false},
		"a Pod is its own":                               {object("Pod", "a", nil), podOf("a", nil, nil), true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if got := cluster.Owns(row.workload, row.pod); got != row.want {
				t.Errorf("Owns is %v", got)
			}
		})
	}
}

func TestPodsOfAWorkload(t *testing.T) {
	labels := map[string]string{"app": "web", "pod-template-hash": "5f7d9c"}
	owner := &metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-5f7d9c", UID: "another"}
	ended := podOf("web-0", labels, owner)
	ended.Status.Phase = corev1.PodFailed
	objects := []runtime.Object{
		podOf("web-2", labels, owner), podOf("web-1", labels, owner), ended,
		podOf("other", map[string]string{"app": "other"}, owner), podOf("bare", labels, nil),
	}
	c := &cluster.Cluster{Clients: cluster.Clients{Core: fake.NewClientset(objects...).CoreV1()}}
	for name, selector := range map[string]map[string]any{
		"selected by labels":      {"matchLabels": map[string]any{"app": "web"}},
		"selected by expressions": {"matchExpressions": []any{map[string]any{"key": "app", "operator": "In", "values": []any{"web"}}}},
		"selected in the old way": {"app": "web"},
	} {
		t.Run(name, func(t *testing.T) {
			pods, err := c.PodsOf(t.Context(), object("Deployment", "web", selector))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, pod := range pods {
				names = append(names, pod.Name)
			}
			if diff := cmp.Diff([]string{"web-1", "web-2"}, names); diff != "" {
				t.Errorf("Pods (-want +got):\n%s", diff)
			}
		})
	}
}

// Nobody is asked while the connection is prepared, so that a wrong kubeconfig is told before anything else.
func TestConnectingNamesTheCluster(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	text := `{"apiVersion": "v1", "kind": "Config", "current-context": "one", "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
		"contexts": [{"name": "one", "context": {"cluster": "c", "namespace": "shop"}}, {"name": "two", "context": {"cluster": "c"}}]}`
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		args               []string
		context, namespace string
		err                string
	}{
		"the current context":         {nil, "one", "shop", ""},
		"another context":             {[]string{"--context=two"}, "two", "default", ""},
		"a namespace":                 {[]string{"-n", "pay"}, "one", "pay", ""},
		"a context that is not there": {[]string{"--context=three"}, "", "", `context was not found for specified context: three`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			flags := cluster.NewFlags()
			set := pflag.NewFlagSet("test", pflag.ContinueOnError)
			flags.AddTo(set)
			if err := set.Parse(append([]string{"--kubeconfig", kubeconfig}, row.args...)); err != nil {
				t.Fatal(err)
			}
			var problems bytes.Buffer
			c, err := flags.Connect("v0.1.0", &problems)
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Fatalf("the error is %v, want %q in it", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Context != row.context || c.Namespace != row.namespace || problems.String() != "cluster: context "+row.context+"\n" {
				t.Errorf("context %q, namespace %q, said %q", c.Context, c.Namespace, problems.String())
			}
			if !strings.HasPrefix(c.Config.UserAgent, "probe-injector/v0.1.0 (") {
				t.Errorf("the User-Agent is %q", c.Config.UserAgent)
			}
		})
	}
}
