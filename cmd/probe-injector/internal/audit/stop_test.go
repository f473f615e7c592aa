package audit_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const two = `{containers: [{name: app, image: app, ports: [{containerPort: 8080}]}, {name: api, image: api, ports: [{containerPort: 9090}]}]}`

func patched(keys string) string {
	return `kubectl -n shop patch deployment web -p '{"spec":{"template":{"metadata":{"annotations":` + keys + `}}}}'`
}

func TestTheCommandThatStopsAProbe(t *testing.T) {
	liveness, startup := failedLiveness, strings.ReplaceAll(failedLiveness, "liveness", "startup")
	for name, row := range map[string]struct {
		spec        string
		annotations map[string]string
		message     string
		want        string
	}{
		"the key that asked is turned off":  {web, asks(), liveness, patched(`{"probe-injector.dev/liveness":"false"}`)},
		"the same for its startup probe":    {web, asks(), startup, patched(`{"probe-injector.dev/liveness":"false"}`)},
		"inject asked, and readiness stays": {web, map[string]string{"probe-injector.dev/inject": "true", "probe-injector.dev/liveness": "/x"}, liveness, patched(`{"probe-injector.dev/liveness":"false"}`)},
		"a key of the container wins over the short one": {
			two, map[string]string{"app.probe-injector.dev/liveness": "http:8080/x", "api.probe-injector.dev/liveness": "http:9090/x"}, liveness,
			patched(`{"app.probe-injector.dev/liveness":"false"}`),
		},
		"the startup probe was asked for": {
			web, map[string]string{"probe-injector.dev/liveness": "/x", "probe-injector.dev/startup": "/s"}, startup,
			patched(`{"probe-injector.dev/liveness":"false","probe-injector.dev/startup":"false"}`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.kill(c.injected("web", row.spec, row.annotations), row.message, 1, time.Minute)
			f := c.audit().Of(audit.Hurting)[0]
			if diff := cmp.Diff(row.want, f.Command); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPodThatARuleHasChosenKeepsItsReadiness(t *testing.T) {
	c := newCluster(t)
	c.namespace.Metadata.Labels = map[string]string{policy.InjectLabel: "true"}
	pod := c.injected("web", `{containers: [{name: app, image: nginx, ports: [{containerPort: 80, name: http}], livenessProbe: null}]}`, nil)
	t.Log(pod.Metadata.Annotations)
	waiting(pod, 26*time.Minute)
	c.kill(pod, failedLiveness, 1, time.Minute)
	for _, f := range c.audit().Of(audit.Hurting) {
		if f.Command == "" {
			t.Fatalf("no command: %+v", f)
		}
		left := injectedAfter(t, c.policy, pod, f.Command)
		if f.Sign == audit.NotReady && left["readiness"] {
			t.Errorf("%s does not stop readiness", f.Command)
		}
		if f.Sign == audit.Killed && (left["liveness"] || !left["readiness"]) {
			t.Errorf("%s leaves %v", f.Command, left)
		}
	}
}

// injectedAfter are the kinds that the engine injects into the main container once the command has run.
func injectedAfter(t *testing.T, p *policy.Policy, pod *audit.Pod, command string) map[string]bool {
	t.Helper()
	text := regexp.MustCompile(` -p '(.*)'$`).FindStringSubmatch(command)
	if text == nil {
		t.Fatalf("no patch in %s", command)
	}
	var patch struct {
		Spec struct{ Template workload.Pod }
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(text[1], `'\''`, `'`)), &patch); err != nil {
		t.Fatal(err)
	}
	metadata := pod.Metadata.ObjectMeta
	bare := policy.WithoutInjected(&workload.Pod{Metadata: &metadata, Spec: pod.Spec})
	if bare.Metadata.Annotations == nil {
		bare.Metadata.Annotations = map[string]string{}
	}
	maps.Copy(bare.Metadata.Annotations, patch.Spec.Template.Metadata.Annotations)
	left := map[string]bool{}
	d := p.Decide(policy.Subject{Pod: bare})
	for i := range d.Injections {
		if d.Injections[i].Container.Name == pod.Spec.Containers[0].Name {
			left[string(d.Injections[i].Kind)] = true
		}
	}
	return left
}

func TestWhereThereIsNoTemplateToPatchWordsSayWhatToDo(t *testing.T) {
	for name, row := range map[string]struct {
		owner, command, advice string
		maker                  string
	}{
		"a Pod of nobody": {`[]`, "", `delete the Pod and create it again with probe-injector.dev/liveness: "false"`, ""},
		"an operator":     {`[{apiVersion: x.io/v1, kind: App, name: web, controller: true}]`, "", `let app.x.io write probe-injector.dev/liveness: "false" on its Pods`, ""},
		"a ReplicaSet":    {`[{apiVersion: apps/v1, kind: ReplicaSet, name: web, controller: true}]`, "kubectl -n shop patch replicaset web -p ", "then delete its Pods: only new ones are made of the template", ""},
		"a StatefulSet whose Pods are replaced by hand": {
			`[{apiVersion: apps/v1, kind: StatefulSet, name: web, controller: true}]`, "kubectl -n shop patch statefulset web -p ",
			"then delete its Pods: its updateStrategy is OnDelete", `{metadata: {name: web}, spec: {updateStrategy: {type: OnDelete}, template: {spec: ` + web + `}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			pod := c.pod("web", web, asks())
			pod.Metadata.Name, pod.Metadata.Labels = "web", nil
			pod.Metadata.OwnerReferences = *read[[]workload.OwnerReference](t, row.owner)
			c.answer(pod)
			c.kill(pod, failedLiveness, 1, time.Minute)
			if row.maker != "" {
				c.makers["StatefulSet"] = []*audit.Maker{read[audit.Maker](t, row.maker)}
			}
			f := c.audit().Of(audit.Hurting)[0]
			if !strings.HasPrefix(f.Command, row.command) || (f.Command == "") != (row.command == "") || f.Advice != row.advice {
				t.Errorf("command %s, advice %s", f.Command, f.Advice)
			}
		})
	}
}
