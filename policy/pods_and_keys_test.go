package policy_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestTheRestartPolicyConcernsOnlyProbesThatKillAndContainersThatHaveNoOther(t *testing.T) {
	runGateRows(t, map[string]gateRow{
		"a native sidecar of a Job": {
			map[string]string{"s/startup": "tcp:9000"},
			`{restartPolicy: Never, initContainers: [{name: s, image: z, restartPolicy: Always, ports: [{containerPort: 9000}]}], containers: [{name: a, image: x}]}`,
			"s/startup=tcp:9000", "s: startup: native sidecar",
		},
		"readiness of a Pod that is not restarted": {
			map[string]string{"readiness": "/r"}, `{restartPolicy: OnFailure, containers: [{name: a, image: x, ports: [{containerPort: 80}]}]}`,
			"a/readiness=http:80/r", "",
		},
		"liveness of a Pod that is not restarted": {
			map[string]string{"inject": "true"}, `{restartPolicy: Never, containers: [{name: a, image: x, ports: [{containerPort: 80}]}]}`,
			"a/readiness=tcp:80", "a: no liveness: restartPolicy is not Always",
		},
		"a container that is restarted in a Pod that is not": {
			map[string]string{"readiness": "/r", "liveness": "/l"}, `{restartPolicy: Never, containers: [{name: a, image: x, restartPolicy: Always, ports: [{containerPort: 80}]}]}`,
			"a/startup=http:80/l a/liveness=http:80/l a/readiness=http:80/r", "",
		},
	})
}

func TestKeysWithoutEffectAreTold(t *testing.T) {
	const live = `livenessProbe: {httpGet: {path: /l, port: 80}, initialDelaySeconds: 90, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6, successThreshold: 1}`
	runGateRows(t, map[string]gateRow{
		"a field of a probe that exists": {
			map[string]string{"readiness": "/r", "liveness.periodSeconds": "10"}, `containers: [{name: a, image: x, ports: [{containerPort: 80}], ` + live + `}]`,
			"a/readiness=http:80/r", "a: livenessProbe exists and stays: probe-injector.dev/liveness.periodSeconds has no effect",
		},
		"restart-after beside liveness that exists": {
			map[string]string{"readiness": "/r", "restart-after": "2m"}, `containers: [{name: a, image: x, ports: [{containerPort: 80}], ` + live + `}]`,
			"a/readiness=http:80/r", "restart-after has no effect",
		},
		"a host header that no probe sends": {
			map[string]string{"readiness": "tcp:80", "host-header": "shop.example"}, `containers: [{name: a, image: x, ports: [{containerPort: 80}]}]`,
			"a/readiness=tcp:80", "a: no http probe is injected: probe-injector.dev/host-header has no effect",
		},
		"a host header that one sends": {
			map[string]string{"readiness": "/r", "host-header": "shop.example"}, `containers: [{name: a, image: x, ports: [{containerPort: 80}]}]`,
			"a/readiness=http:80/r", "",
		},
	})
}

func TestOnlyAPodWithoutAControllerIsADebugCopy(t *testing.T) {
	engine := policy.Default("v0.0.0")
	annotations := map[string]string{"inject": "true", "status": "a: readiness tcp:80 (v0.0.0)"}
	pod := readPod(t, annotations, `containers: [{name: a, image: x, ports: [{containerPort: 80}]}]`)
	if d := engine.Decide(policy.Subject{Pod: pod}); len(d.Injections) > 0 || d.Skips[0].Reason != reason.StrippedCopy {
		t.Errorf("a copy gets %s", handlersOf(d))
	}
	pod.Metadata.OwnerReferences = owned("ReplicaSet", "apps/v1")
	if d := engine.Decide(policy.Subject{Pod: pod}); len(d.Injections) == 0 {
		t.Errorf("a template that kept our status gets nothing: %+v", d.Skips)
	}
}

func TestAStatusThatWasCutIsNotWrittenAgain(t *testing.T) {
	engine := policy.Default("v0.0.0")
	pod := &workload.Pod{Metadata: &workload.ObjectMeta{Annotations: map[string]string{}, OwnerReferences: owned("ReplicaSet", "apps/v1")}}
	for i := range 14 {
		name := "container-" + string(rune('a'+i))
		pod.Metadata.Annotations[name+".probe-injector.dev/inject"] = "true"
		pod.Spec.Containers = append(pod.Spec.Containers, workload.Container{Name: name, Image: "x", Ports: []workload.ContainerPort{{ContainerPort: int32(8000 + i)}}})
	}
	first := engine.Decide(policy.Subject{Pod: pod})
	if !strings.Contains(first.Status, "...") {
		t.Fatalf("the status is whole: %s", first.Status)
	}
	if second := engine.Decide(policy.Subject{Pod: patch.Apply(pod, &first)}); second.Status != "" || len(second.Injections) > 0 {
		t.Errorf("the second pass writes %q", second.Status)
	}
}

// What is cut from a long warning is the fact: whoever reads it needs what to write.
func TestARemedyComesWhole(t *testing.T) {
	name := strings.Repeat("long-name-", 6) + "c"
	spec := `containers: [{name: ` + name + `, image: x, ports: [{name: a, containerPort: 8080}, {name: b, containerPort: 8081}, {name: c, containerPort: 8082}]}]`
	d := policy.Default("v0.0.0").Decide(policy.Subject{Pod: readPod(t, map[string]string{"readiness": "/x"}, spec)})
	if len(d.Warnings) == 0 || !strings.HasSuffix(d.Warnings[0], "; name one, such as http:PORT/PATH or tcp:PORT") || len(d.Warnings[0]) > policy.MaxWarningLength {
		t.Errorf("warnings %q", d.Warnings)
	}
	d = policy.Default("v0.0.0").Decide(policy.Subject{Pod: readPod(t, map[string]string{name + "/liveness": "/" + strings.Repeat("x", 300)}, spec)})
	if len(d.Warnings) == 0 || !strings.HasSuffix(d.Warnings[0], "a path has at most 256 characters") {
		t.Errorf("warnings %q", d.Warnings)
	}
}

func TestValuesThatAreNoCommandAreNotCalledOne(t *testing.T) {
	for value, says := range map[string]string{
		" /healthz":        `leave out the blanks around it: write "/healthz"`,
		"/healthz\n":       `leave out the blanks around it: write "/healthz"`,
		"tcp:80 ":          `leave out the blanks around it: write "tcp:80"`,
		"gesund prüfen":    "has no blanks and only ASCII",
		"please probe me":  "has no blanks and only ASCII",
		"cat /tmp/healthy": "commands come only from the admin's profiles",
		"curl -f x":        "commands come only from the admin's profiles",
		"/a b":             "write %20 for a blank",
		"/a#b":             `the kubelet drops what follows "#"`,
		"":                 "is empty: write a value, or remove the key",
	} {
		d := policy.Default("v0.0.0").Decide(policy.Subject{Pod: readPod(t, map[string]string{"liveness": value}, `containers: [{name: a, image: x, ports: [{containerPort: 80}]}]`)})
		if len(d.Errors) != 1 || !strings.Contains(d.Errors[0].Detail, says) {
			t.Errorf("%q: %v does not say %q", value, d.Errors, says)
		}
	}
}
