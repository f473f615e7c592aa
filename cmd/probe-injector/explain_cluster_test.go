package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// installation is an API server with a release of the chart: a policy with a rule, and a namespace that is left out.
func installation(w http.ResponseWriter, r *http.Request) {
	answers := map[string]string{
		"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": `{"kind":"MutatingWebhookConfigurationList","apiVersion":"admissionregistration.k8s.io/v1","items":[
			{"metadata":{"name":"0-probe-injector","labels":{"app.kubernetes.io/name":"probe-injector","app.kubernetes.io/instance":"pi"}},"webhooks":[
				{"name":"annotated.probe-injector.dev","clientConfig":{"service":{"namespace":"pi","name":"pi","path":"/mutate/annotated"}},
				 "namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["kube-system","legacy"]}]}},
				{"name":"all.rules.probe-injector.dev","clientConfig":{"service":{"namespace":"pi","name":"pi","path":"/mutate/rules/all"}}}]}]}`,
		"/apis/apps/v1/namespaces/pi/deployments": `{"kind":"DeploymentList","apiVersion":"apps/v1","items":[{"metadata":{"name":"pi","namespace":"pi"},
			"spec":{"template":{"spec":{"volumes":[{"name":"policy","configMap":{"name":"pi"}}]}}}}]}`,
		"/api/v1/namespaces/pi/configmaps/pi": `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"pi","namespace":"pi"},"data":{"policy.yaml":
			"apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {rules: [{name: all}]}\n"}}`,
	}
	answer, known := answers[r.URL.Path]
	if !known {
		w.WriteHeader(http.StatusNotFound)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

func TestExplainReadsThePolicyThatIsInstalled(t *testing.T) {
	kubeconfig := kubeconfigOf(t, http.HandlerFunc(installation))
	const workload = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: NAMESPACE},
spec: {template: {spec: {containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}}}}`
	for name, row := range map[string]struct {
		namespace, kubeconfig string
		code                  int
		says                  string
	}{
		"a rule of the policy":                       {"shop", kubeconfig, 0, "web: readiness tcp:8080"},
		"a namespace that its webhook leaves out":    {"legacy", kubeconfig, 0, "never reached"},
		"a cluster without an installation":          {"shop", kubeconfigOf(t, &apiServer{}), 3, "the cluster's policy was not found"},
		"and nothing of it where nobody asks for it": {"shop", "", 0, "the chart's own"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"probe-injector", "explain", "-f", "-"}
			if row.kubeconfig != "" {
				args = append(args, "--policy", "cluster", "--kubeconfig", row.kubeconfig)
			}
			var out, problems bytes.Buffer
			input := strings.NewReader(strings.ReplaceAll(workload, "NAMESPACE", row.namespace))
			if code := run(args, "v0.1.0", streams{input, &out, &problems}); code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if said := out.String() + problems.String(); !strings.Contains(said, row.says) {
				t.Errorf("it does not say %q:\n%s", row.says, said)
			}
		})
	}
}
