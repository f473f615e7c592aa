package workload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestAProbeIsFoundByItsKind(t *testing.T) {
	c := workload.Container{StartupProbe: &corev1.Probe{PeriodSeconds: 1}, ReadinessProbe: &corev1.Probe{PeriodSeconds: 3}}
	if c.Probe(probe.Startup) != c.StartupProbe || c.Probe(probe.Liveness) != nil || c.Probe(probe.Readiness) != c.ReadinessProbe {
		t.Error("a kind gives another's probe")
	}
}

func ports() []workload.ContainerPort {
	return []workload.ContainerPort{
		{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP},
		{Name: "dns-tcp", ContainerPort: 53, Protocol: corev1.ProtocolTCP},
		{Name: "http", ContainerPort: 8080},
		{Name: "none", ContainerPort: 0},
		{Name: "sctp", ContainerPort: 9999, Protocol: corev1.ProtocolSCTP},
	}
}

func TestOnlyTCPPortsCanBeProbed(t *testing.T) {
	all := ports()
	c := workload.Container{Ports: all}
	if diff := cmp.Diff([]workload.ContainerPort{all[1], all[2]}, c.TCPPorts()); diff != "" {
		t.Errorf("TCPPorts (-want +got):\n%s", diff)
	}
	if got := (&workload.Container{}).TCPPorts(); got != nil {
		t.Errorf("a container without ports has %v", got)
	}
}

func TestAPortIsDeclaredByNameOrNumberInTCP(t *testing.T) {
	c := workload.Container{Ports: ports()}
	for name, row := range map[string]struct {
		port     probe.Port
		number   int32
		declared bool
	}{
		"a number":                     {probe.Port{Number: 8080}, 8080, true},
		"a number in TCP and in UDP":   {probe.Port{Number: 53}, 53, true},
		"a name":                       {probe.Port{Name: "http"}, 8080, true},
		"a name of a UDP port":         {probe.Port{Name: "dns"}, 0, false},
		"a number of an SCTP port":     {probe.Port{Number: 9999}, 0, false},
		"a number that is not there":   {probe.Port{Number: 80}, 0, false},
		"a name that is not there":     {probe.Port{Name: "web"}, 0, false},
		"a name in another case":       {probe.Port{Name: "HTTP"}, 0, false},
		"a name goes before a number":  {probe.Port{Name: "web", Number: 8080}, 0, false},
		"a number written as its name": {probe.Port{Name: "8080"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			number, declared := c.DeclaredPort(row.port)
			if number != row.number || declared != row.declared || c.Declares(row.port) != row.declared {
				t.Errorf("DeclaredPort gives %d %v, Declares %v", number, declared, c.Declares(row.port))
			}
		})
	}
}

func TestAContainerRestartsAlwaysUnlessItSaysOtherwise(t *testing.T) {
	always, never := corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever
	for _, row := range []struct {
		policy *corev1.ContainerRestartPolicy
		want   bool
	}{{nil, true}, {&always, true}, {&never, false}} {
		c := workload.Container{RestartPolicy: row.policy}
		if got := c.RestartsAlways(); got != row.want {
			t.Errorf("%v: RestartsAlways is %v", row.policy, got)
		}
	}
}

func TestTheCPULimitIsReadInThousandthsOfACore(t *testing.T) {
	for written, want := range map[string]int64{
		"": 0, "0": 0, "500m": 500, "2": 2000, "0.1": 100, "1e3m": 0, "100u": 1, "-1": 0, "a lot": 0, "1Ki": 1024_000,
	} {
		c := workload.Container{Resources: workload.Resources{Limits: workload.Limits{CPU: written}}}
		if got := c.CPULimitMillis(); got != want {
			t.Errorf("%q is %d, want %d", written, got, want)
		}
	}
}

func TestAContainerThatServesNobodyIdles(t *testing.T) {
	words := strings.Fields
	for name, row := range map[string]struct {
		container workload.Container
		want      bool
	}{
		"the image's own command":          {workload.Container{}, false},
		"arguments alone":                  {workload.Container{Args: words("sleep 1")}, false},
		"stdin":                            {workload.Container{Stdin: true}, true},
		"a terminal":                       {workload.Container{TTY: true, Command: words("server")}, true},
		"sleep":                            {workload.Container{Command: words("sleep infinity")}, true},
		"sleep by its path":                {workload.Container{Command: words("/bin/sleep"), Args: words("1d")}, true},
		"tail":                             {workload.Container{Command: words("tail -f /dev/null")}, true},
		"a program that ends like sleep":   {workload.Container{Command: words("nosleep")}, false},
		"a server":                         {workload.Container{Command: words("/server --port=80")}, false},
		"a bare shell":                     {workload.Container{Command: words("bash")}, true},
		"a shell with an option alone":     {workload.Container{Command: words("bash -l")}, false},
		"a script that only waits":         {workload.Container{Command: []string{"sh", "-c", " sleep 1d "}}, true},
		"a script that only waits in args": {workload.Container{Command: words("/bin/sh -c"), Args: []string{"tail -f /dev/null"}}, true},
		"a script that does more":          {workload.Container{Command: []string{"sh", "-c", "sleep 5; exec /server"}}, false},
		"a script that starts a server":    {workload.Container{Command: []string{"sh", "-c", "sleep 5 && /server"}}, false},
		"a script with a server beside it": {workload.Container{Command: []string{"sh", "-c", "sleep 1d & /server"}}, false},
		"a script of several lines":        {workload.Container{Command: []string{"sh", "-c", "sleep 5\n/server"}}, false},
		"a script that logs to a pipe":     {workload.Container{Command: []string{"sh", "-c", "tail -f a | nc -l 80"}}, false},
		"a script in a file":               {workload.Container{Command: words("sh /run.sh")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row.container.Idles(); got != row.want {
				t.Errorf("Idles is %v", got)
			}
		})
	}
}

func TestAnArgumentIsFoundInCommandAndArgs(t *testing.T) {
	for name, row := range map[string]struct {
		command, args, flag, value string
		found                      bool
	}{
		"none at all":                   {"", "", "--port", "", false},
		"alone at the end":              {"server", "--ping", "--ping", "", true},
		"before =":                      {"server --port=80", "", "--port", "80", true},
		"before = with nothing behind":  {"server --port=", "81", "--port", "", true},
		"before = with another = in it": {"", "--opts=a=b", "--opts", "a=b", true},
		"with its value next":           {"", "--port 80", "--port", "80", true},
		"with its value across":         {"server --port", "80", "--port", "80", true},
		"with a flag next":              {"", "--ping --port=80", "--ping", "--port=80", true},
		"one dash for two":              {"", "-port=80", "--port", "80", true},
		"two dashes for one":            {"", "--port 80", "-port", "80", true},
		"no dash":                       {"", "port=80", "--port", "", false},
		"a flag that begins like it":    {"", "--port-name=a", "--port", "", false},
		"another case":                  {"", "--Port=80", "--port", "", false},
		"the last of two counts":        {"server --port=80", "--port=81", "--port", "81", true},
	} {
		t.Run(name, func(t *testing.T) {
			c := workload.Container{Command: strings.Fields(row.command), Args: strings.Fields(row.args)}
			value, found := c.Argument(row.flag)
			if value != row.value || found != row.found {
				t.Errorf("Argument(%s) is %q %v, want %q %v", row.flag, value, found, row.value, row.found)
			}
		})
	}
}

func TestOfAScriptTheLastCommandHasTheFlags(t *testing.T) {
	for name, row := range map[string]struct {
		script, value string
		found         bool
	}{
		"a plain command":                        {"server --port=81", "81", true},
		"the last of several":                    {"prepare --port=1 && exec server --port 81", "81", true},
		"over several lines":                     {"server \\\n  --debug \\\n  --port=81\n", "81", true},
		"between quotes":                         {`server "--port=81" '--name=a b'`, "81", true},
		"not in a command":                       {"server --name=a", "", false},
		"a variable is no value":                 {"server --port=${PORT}", "${PORT}", true},
		"a command's output is not known":        {"server --port=$(port)", "$", true},
		"behind a pipe it is not known":          {"server --port=81 | tee log", "$", true},
		"in an earlier command it is not known":  {"server --port=81 & wait", "$", true},
		"within a condition it is not known":     {"if true; then server --port=81; fi", "$", true},
		"a part of another flag is not the flag": {"server --port-name=a | tee log", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []workload.Container{
				{Command: []string{"/bin/sh", "-c", row.script}},
				{Command: []string{"bash"}, Args: []string{"-e", "-c", row.script}},
				{Args: []string{"sh", "-ec", row.script}},
				{Args: []string{"shell", "-ecx", row.script}},
			} {
				if value, found := c.Argument("--port"); value != row.value || found != row.found {
					t.Errorf("%q: %q %v, want %q %v", c.Command, value, found, row.value, row.found)
				}
			}
		})
	}
}
