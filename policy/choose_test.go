package policy_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// adminPolicy has a profile of each kind of offer, and a command.
const adminPolicy = `
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  profiles:
  - name: shop
    class: jvm
    liveness: {handler: /live}
    readiness: {handler: /ready}
    startup: {handler: /started}
  - name: store
    class: database
    liveness: {offer: Never}
    readiness: {exec: {command: [store-ready, -q]}}
  rules:
  - name: everything
    probes: [readiness, liveness]
`

func mustParse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(text), "v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func web(change ...func(*workload.Container)) workload.Container {
	c := workload.Container{Name: "web", Image: "registry.example/web:1", Ports: []workload.ContainerPort{{Name: "http", ContainerPort: 8080}}}
	for _, each := range change {
		each(&c)
	}
	return c
}

func podWith(annotations map[string]string, containers ...workload.Container) *workload.Pod {
	return &workload.Pod{Metadata: &workload.ObjectMeta{Annotations: annotations}, Spec: workload.PodSpec{Containers: containers}}
}

// The rows are those of the table in choose.go, in its order, for the liveness probe.
func TestPrecedenceTable(t *testing.T) {
	const (
		inject   = "probe-injector.dev/inject"
		own      = "web.probe-injector.dev/inject"
		liveness = "probe-injector.dev/liveness"
		profile  = "probe-injector.dev/profile"
		unknown  = "probe-injector.dev/frobnicate"
	)
	existing := func(c *workload.Container) {
		c.LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{}}}
	}
	never := func(c *workload.Container) { c.RestartPolicy = new(corev1.ContainerRestartPolicyNever) }
	noPort := func(c *workload.Container) { c.Ports = nil }
	rows := []struct {
		name        string
		container   workload.Container
		annotations map[string]string
		handler     string
		reason      reason.Reason
	}{
		{"1 a container that is not restarted gets nothing", web(never), map[string]string{liveness: "/x"}, "", reason.RestartPolicy},
		{"2 a container that is opted out gets nothing", web(), map[string]string{own: "false", inject: "true", liveness: "/x"}, "", reason.OptedOut},
		{"3 a declined probe is not injected", web(), map[string]string{inject: "true", liveness: "false"}, "", reason.Declined},
		{"4 a probe that nobody asks for is not injected", web(), map[string]string{"probe-injector.dev/readiness": "/r"}, "", ""},
		{"5 an existing probe stays", web(existing), map[string]string{liveness: "/x"}, "", reason.ExistingProbe},
		{"6 a wrong key withholds its probe", web(), map[string]string{inject: "true", liveness: "x"}, "", reason.InvalidAnnotation},
		{"7 a wrong key beside it withholds a probe that kills", web(), map[string]string{liveness: "/x", unknown: "1"}, "", reason.InvalidAnnotation},
		{"8 a written handler is taken", web(), map[string]string{liveness: "/x", profile: "store"}, "http:8080/x", ""},
		{"9 an exclusion is told to who leaves the choice to us", web(func(c *workload.Container) { c.TTY = true }), map[string]string{inject: "true"}, "", reason.NotAServer},
		{"10 a profile's handler is taken before the ports", web(), map[string]string{profile: "shop"}, "http:8080/live", ""},
		{"11 what a profile does not offer is not injected", web(), map[string]string{profile: "store"}, "", reason.NotOffered},
		{"12 the only port is asked by tcp", web(), map[string]string{inject: "true"}, "tcp:8080", ""},
		{"13 without a port there is nothing to ask", web(noPort), map[string]string{inject: "true"}, "", reason.NoPort},
	}
	engine := mustParse(t, adminPolicy)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := engine.Decide(policy.Subject{Pod: podWith(row.annotations, row.container)})
			if got := handlerOf(d, probe.Liveness); got != row.handler {
				t.Errorf("handler %q, want %q", got, row.handler)
			}
			if got := reasonOf(d, probe.Liveness); got != row.reason {
				t.Errorf("reason %q, want %q", got, row.reason)
			}
		})
	}
}

func handlerOf(d policy.Decision, kind probe.Kind) string {
	for _, in := range d.Injections {
		if in.Kind == kind {
			return in.Handler.String()
		}
	}
	return ""
}

func reasonOf(d policy.Decision, kind probe.Kind) reason.Reason {
	for _, s := range d.Skips {
		if s.Container != "" && (s.Kind == kind || s.Kind == "") {
			return s.Reason
		}
	}
	return ""
}

func TestStartupComesWithLiveness(t *testing.T) {
	const p = "probe-injector.dev/"
	existing := func(c *workload.Container) {
		c.StartupProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{}}}
	}
	rows := map[string]struct {
		container         workload.Container
		annotations       map[string]string
		startup, liveness string
		delay             int32
	}{
		"with the liveness handler":  {web(), map[string]string{p + "liveness": "/l"}, "http:8080/l", "http:8080/l", 5},
		"with its own handler":       {web(), map[string]string{p + "liveness": "/l", p + "startup": "/s"}, "http:8080/s", "http:8080/l", 5},
		"left to us":                 {web(), map[string]string{p + "liveness": "/l", p + "startup": "true"}, "http:8080/l", "http:8080/l", 5},
		"with the profile's handler": {web(), map[string]string{p + "profile": "shop"}, "http:8080/started", "http:8080/live", 10},
		"not beside a startup probe that exists, for which liveness waits where that asks something else": {
			web(existing), map[string]string{p + "liveness": "/l"}, "", "http:8080/l", 281,
		},
		"a bare connection that a person names proves less than an answer, so that liveness waits": {
			web(), map[string]string{p + "liveness": "/l", p + "startup": "tcp:8080"}, "tcp:8080", "http:8080/l", 281,
		},
		"not when declined, and liveness waits": {web(), map[string]string{p + "liveness": "/l", p + "startup": "false"}, "", "http:8080/l", 281},
		"alone when only it is asked for":       {web(), map[string]string{p + "startup": "/s"}, "http:8080/s", "", 0},
		"not with readiness alone":              {web(), map[string]string{p + "readiness": "/r"}, "", "", 0},
		"with liveness when its own port is ambiguous": {web(func(c *workload.Container) {
			c.Ports = append(c.Ports, workload.ContainerPort{ContainerPort: 9})
			c.Ports[0].Name = ""
		}), map[string]string{p + "liveness": "http:8080/l", p + "startup": "/s"}, "", "", 0},
	}
	engine := mustParse(t, adminPolicy)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := engine.Decide(policy.Subject{Pod: podWith(row.annotations, row.container)})
			if got := handlerOf(d, probe.Startup); got != row.startup {
				t.Errorf("startup %q, want %q", got, row.startup)
			}
			if got := handlerOf(d, probe.Liveness); got != row.liveness {
				t.Errorf("liveness %q, want %q", got, row.liveness)
			}
			for _, in := range d.Injections {
				if in.Kind == probe.Liveness && in.Probe.InitialDelaySeconds != row.delay {
					t.Errorf("liveness waits %d s, want %d", in.Probe.InitialDelaySeconds, row.delay)
				}
			}
		})
	}
}
