package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/images"
)

// userMistake is a workload that does not get what its author thinks.
type userMistake struct {
	// namespace are the labels of its namespace.
	namespace map[string]string
	// object is the Deployment's own metadata, template that of its Pods, and container what its only one has, as YAML.
	object, template, container string
	// kind is Deployment unless it says Pod.
	kind string
}

// usersMistakes are what goes wrong most, by the names of their golden files.
func usersMistakes() map[string]userMistake {
	labelled := map[string]string{"probe-injector.dev/inject": "true"}
	return map[string]userMistake{
		"a-wrong-value":                    {template: `{annotations: {probe-injector.dev/liveness: "8080"}}`, container: `ports: [{containerPort: 8080}]`},
		"a-container-that-is-not-there":    {template: `{annotations: {wbe.probe-injector.dev/liveness: /livez}}`, container: `ports: [{containerPort: 8080}]`},
		"an-annotation-in-the-wrong-place": {object: `{annotations: {probe-injector.dev/inject: "true"}}`, container: `ports: [{containerPort: 8080}]`},
		"opted-out":                        {template: `{annotations: {probe-injector.dev/inject: "false"}}`, container: `ports: [{containerPort: 8080}]`, namespace: labelled},
		"a-namespace-that-is-switched-off": {
			template: `{annotations: {probe-injector.dev/inject: "true"}}`, container: `ports: [{containerPort: 8080}]`,
			namespace: map[string]string{"probe-injector.dev/inject": "false"},
		},
		"no-port":               {template: `{annotations: {probe-injector.dev/inject: "true"}}`, container: `env: []`},
		"only-readiness":        {template: `{annotations: {probe-injector.dev/inject: "true"}}`, container: `ports: [{containerPort: 5432}]`},
		"a-pod-that-ends":       {template: `{annotations: {probe-injector.dev/inject: "true"}}`, container: `ports: [{containerPort: 8080}]`, kind: "Pod"},
		"a-rule-and-a-bare-pod": {container: `ports: [{containerPort: 8080}]`, namespace: labelled, kind: "Pod"},
	}
}

// TestWhatUsersSee makes each mistake on the installation that tests share, and looks where people look.
func TestWhatUsersSee(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	image := theSuite.load(t, images.Pause).Reference
	program := theSuite.cli(t)
	for name, mistake := range usersMistakes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theSuite.looksAt(t, program, mistake, image).expect(t, name)
		})
	}
}

// manifest is the workload as its author writes it.
func (m *userMistake) manifest(image string) string {
	container := fmt.Sprintf("{name: web, image: %q, imagePullPolicy: Never, %s}", image, m.container)
	if m.kind == "Pod" {
		metadata := strings.Replace("{name: web, "+strings.TrimPrefix(m.template, "{"), "{name: web, ", "{name: web, labels: {app: web}, ", 1)
		if m.template == "" {
			metadata = "{name: web, labels: {app: web}}"
		}
		restart := "Never"
		if m.template == "" {
			restart = "Always"
		}
		return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: %s\nspec: {restartPolicy: %s, terminationGracePeriodSeconds: 0, containers: [%s]}\n", metadata, restart, container)
	}
	object, template := "{name: web}", "{labels: {app: web}}"
	if m.object != "" {
		object = "{name: web, " + strings.TrimPrefix(m.object, "{")
	}
	if m.template != "" {
		template = "{labels: {app: web}, " + strings.TrimPrefix(m.template, "{")
	}
	return fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: %s\nspec:\n  selector: {matchLabels: {app: web}}\n"+
		"  template:\n    metadata: %s\n    spec: {terminationGracePeriodSeconds: 0, containers: [%s]}\n", object, template, container)
}

// columns is the column that the pages name for the status of Pods.
const columns = `custom-columns=STATUS:.metadata.annotations.probe-injector\.dev/status`

func (s *suite) looksAt(t *testing.T, program string, m userMistake, image string) *seen {
	t.Helper()
	namespace := s.namespace(t, "seen", m.namespace)
	view := &seen{}
	view.command("kubectl apply -f web.yaml", s.apply(t, namespace, m.manifest(image)))
	eventually(t, time.Minute, "the Pod is there and runs", func() error {
		list, err := s.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
		if err == nil && (len(list.Items) != 1 || list.Items[0].Status.Phase != "Running") {
			err = errors.New("it is not")
		}
		return err
	})
	view.command("kubectl get pods -o '"+columns+"'", s.kubectl(t, "get", "pods", "--namespace", namespace, "--output", columns))
	events := s.kubectl(t, "get", "events", "--namespace", namespace, "--field-selector", "type=Warning", "--no-headers", "--output", "custom-columns=REASON:.reason,MESSAGE:.message")
	view.command("kubectl get events --field-selector type=Warning | grep probe", grep(events, func(line string) bool { return strings.Contains(line, "probe") }))
	workload := "deployment/web"
	if m.kind == "Pod" {
		workload = "pod/web"
	}
	command := exec.CommandContext(t.Context(), program, "explain", "--namespace", namespace, "--policy", "cluster", "--kubeconfig", s.kubeconfig, workload)
	output, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	view.command("probe-injector explain --policy cluster "+workload, string(output))
	view.command("kubectl -n probe-injector logs -l probe-injector.dev/component=webhook --tail=-1 | grep NAMESPACE", s.reviewsOf(t, namespace))
	return view
}

// reviewsOf are the lines that the servers wrote about the Pods of a namespace, without those of dry runs.
func (s *suite) reviewsOf(t *testing.T, namespace string) string {
	t.Helper()
	output := s.kubectl(t, "logs", "--namespace", releaseNamespace, "--selector", "probe-injector.dev/component=webhook", "--tail=-1")
	return grep(output, func(line string) bool {
		return strings.Contains(line, `"namespace":"`+namespace+`"`) && strings.Contains(line, `"msg":"review"`) && !strings.Contains(line, `"dry_run"`)
	})
}

// grep are the lines that are wanted, each once, in the order of their text without what differs each time.
func grep(output string, wanted func(line string) bool) string {
	var lines []string
	for line := range strings.Lines(output) {
		if wanted(line) {
			lines = append(lines, strings.TrimSuffix(masked(line), "\n"))
		}
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}
