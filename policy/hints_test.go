package policy_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Unknown software has the same time to start with and without half a core; a JVM has twice as much with it.
func TestWhatShowsAJVMLengthensItsStart(t *testing.T) {
	const usual, doubled = 335, 670
	engine := mustParse(t, adminPolicy)
	for name, row := range map[string]struct {
		container workload.Container
		env       map[string]string
		least     int32
	}{
		"nothing":                      {workload.Container{}, nil, usual},
		"the argument -jar":            {workload.Container{Command: []string{"/usr/local/bin/java.sh", "-jar", "./app.jar"}}, nil, doubled},
		"-jar at the end of a script":  {workload.Container{Command: []string{"sh", "-c", "exec java -Xmx1g -jar app.jar"}}, nil, doubled},
		"a program that is named so":   {workload.Container{Command: []string{"/app/shop-jar"}}, nil, usual},
		"the variable JAVA_OPTS":       {workload.Container{}, map[string]string{"JAVA_OPTS": "-Xmx1g"}, doubled},
		"the variable of another JAVA": {workload.Container{}, map[string]string{"JAVA_HOME": "/java"}, usual},
	} {
		t.Run(name, func(t *testing.T) {
			c := row.container
			c.Name, c.Image, c.Env = "web", "registry.example.com/shop", variables(t, row.env)
			c.Ports = []workload.ContainerPort{{ContainerPort: 8080}}
			c.Resources.Limits.CPU = "500m"
			d := engine.Decide(policy.Subject{Pod: podWith(map[string]string{our + "liveness": "http:8080/l"}, c)})
			for _, in := range d.Injections {
				if in.Kind != probe.Startup {
					continue
				}
				if p := in.Probe; p.InitialDelaySeconds+p.PeriodSeconds*(p.FailureThreshold-1) != row.least {
					t.Errorf("startup probe %d/%d/%d, want %d s", p.InitialDelaySeconds, p.PeriodSeconds, p.FailureThreshold, row.least)
				}
				return
			}
			t.Errorf("no startup probe among %v", injected(d))
		})
	}
}
