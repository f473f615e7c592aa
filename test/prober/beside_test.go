package prober_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// besideCase is a container that has probes already, what its Pod asks for, and what is promised to a slow application.
type besideCase struct {
	keys map[string]string
	// startup and liveness are the handlers of the probes that are there, as YAML, with their numbers.
	startup, liveness *existingProbe
	// passes reports that the startup probe that is there asks something else, which is well at once.
	passes bool
	// budget is the longest healthy start in seconds: a person's, or the shortest of a class.
	budget int32
}

// existingProbe is a probe of somebody else.
type existingProbe struct {
	handler                          string
	delay, period, timeout, failures int32
}

const usualBudget = 300

func besideCases() map[string]besideCase {
	const livez = "httpGet: {path: /livez, port: 8080}"
	return map[string]besideCase{
		"slow-answers":         {keys: map[string]string{"liveness": "/livez", "liveness.timeoutSeconds": "30"}, budget: usualBudget},
		"slow-by-default":      {keys: map[string]string{"liveness": "/livez"}, budget: usualBudget},
		"a-profile-of-its-own": {keys: map[string]string{"profile": "http", "liveness": "/livez", "liveness.timeoutSeconds": "9"}, budget: usualBudget},
		"a-short-period":       {keys: map[string]string{"liveness": "/livez", "startup.periodSeconds": "3"}, budget: usualBudget},
		"a-startup-probe-that-asks-something-else": {
			keys:    map[string]string{"liveness": "/livez", "startup-budget": "5m"},
			startup: &existingProbe{"exec: {command: ['true']}", 0, 10, 1, 3}, passes: true, budget: usualBudget,
		},
		"a-startup-probe-of-another-path": {
			keys:    map[string]string{"inject": "true", "liveness": "/livez"},
			startup: &existingProbe{"httpGet: {path: /started, port: 8080}", 0, 5, 1, 6}, passes: true, budget: usualBudget,
		},
		"a-startup-probe-that-asks-the-same": {
			keys:    map[string]string{"liveness": "/livez"},
			startup: &existingProbe{livez, 0, 10, 5, 40}, budget: usualBudget,
		},
		"a-liveness-probe-that-is-slow": {
			keys:     map[string]string{"startup": "true"},
			liveness: &existingProbe{livez, 0, 20, 15, 3}, budget: usualBudget,
		},
		"a-liveness-probe-that-waits": {
			keys:     map[string]string{"startup": "true"},
			liveness: &existingProbe{livez, 600, 10, 5, 6}, budget: 640,
		},
		"a-liveness-probe-and-a-budget": {
			keys:     map[string]string{"startup": "true", "startup-budget": "2m"},
			liveness: &existingProbe{livez, 0, 10, 20, 3}, budget: 120,
		},
		"a-bare-connection-that-is-named": {
			keys: map[string]string{"liveness": "/livez", "startup": "tcp:8080"}, passes: true, budget: usualBudget,
		},
		"no-startup-probe": {keys: map[string]string{"liveness": "/livez", "startup": "false", "liveness.timeoutSeconds": "20"}, budget: usualBudget},
	}
}

// An application that answers liveness as slowly as that allows, and whose start takes its whole budget, is never killed,
// whatever probes it has beside ours.
func TestBesideProbesThatExistAHealthyApplicationIsNeverKilled(t *testing.T) {
	cases := besideCases()
	var pods strings.Builder
	for name := range cases {
		each := cases[name]
		each.write(&pods, name)
	}
	explained, err := runExplain("apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n", pods.String())
	if err != nil {
		t.Fatal(err)
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := each.pod(explained[name])
			c := &pod.Spec.Containers[0]
			if len(explained[name]) == 0 || c.LivenessProbe == nil {
				t.Fatalf("the engine adds %d probes", len(explained[name]))
			}
			for _, how := range []node.Behaviour{node.Refuses, node.Hangs} {
				life := node.Process{
					Life: node.Silent(seconds(each.budget), how), StartupPasses: each.passes,
					Latency: seconds(c.LivenessProbe.TimeoutSeconds) - closeBy,
				}
				histories := play(t, pod, func(times) node.Script { return one(life) }, seconds(each.budget)+5*time.Minute)
				if kills := killed(histories); len(kills) > 0 {
					t.Errorf("%d of %d killed, the first after %s by %s; startup %s, liveness %s",
						len(kills), len(histories), kills[0].At, kills[0].By, spellTimes(c.StartupProbe), spellTimes(c.LivenessProbe))
				}
			}
		})
	}
}

func spellTimes(p *corev1.Probe) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprintf("%d/%d/%d/%d", p.InitialDelaySeconds, p.PeriodSeconds, p.TimeoutSeconds, p.FailureThreshold)
}

// write is the Pod as the engine sees it.
func (b *besideCase) write(out *strings.Builder, name string) {
	fmt.Fprintf(out, "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n  annotations:\n", name)
	for key, value := range b.keys {
		fmt.Fprintf(out, "    probe-injector.dev/%s: %q\n", key, value)
	}
	fmt.Fprintf(out, "spec:\n  containers:\n  - name: web\n    image: 'example.com/shop/web:1'\n    ports: [{containerPort: %d}]\n", emittedPort)
	for kind, p := range map[probe.Kind]*existingProbe{probe.Startup: b.startup, probe.Liveness: b.liveness} {
		if p != nil {
			fmt.Fprintf(out, "    %s: {%s, initialDelaySeconds: %d, periodSeconds: %d, timeoutSeconds: %d, failureThreshold: %d, successThreshold: 1}\n",
				kind.FieldName(), p.handler, p.delay, p.period, p.timeout, p.failures)
		}
	}
}

// pod is the Pod as the kubelet sees it: with its own probes, and with those that were added.
func (b *besideCase) pod(added []injected) *corev1.Pod {
	asks := func(kind probe.Kind) corev1.ProbeHandler {
		return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: node.Command(kind)}}
	}
	pod := podWith(added, func(kind probe.Kind, in injected) { in.Value.ProbeHandler = asks(kind) })
	for kind, p := range map[probe.Kind]*existingProbe{probe.Startup: b.startup, probe.Liveness: b.liveness} {
		if p != nil {
			*slotOf(&pod.Spec.Containers[0], kind) = &corev1.Probe{
				ProbeHandler: asks(kind), InitialDelaySeconds: p.delay, PeriodSeconds: p.period, TimeoutSeconds: p.timeout,
				SuccessThreshold: 1, FailureThreshold: p.failures,
			}
		}
	}
	return pod
}
