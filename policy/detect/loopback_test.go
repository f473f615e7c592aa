package detect_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/environment"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestALiteralArgumentThatBindsToLoopbackIsSeen(t *testing.T) {
	for args, want := range map[string]string{
		"--host=127.0.0.1 --port=8000":                             "--host=127.0.0.1",
		"--host 127.0.0.1 --port 8000":                             "--host 127.0.0.1",
		"--host=localhost":                                         "--host=localhost",
		"--host=127.0.0.53":                                        "--host=127.0.0.53",
		"--host=127.1":                                             "--host=127.1",
		"--host=0x7f.1":                                            "--host=0x7f.1",
		"--host=2130706433":                                        "--host=2130706433",
		"--host=::1":                                               "--host=::1",
		"--host=[::1]":                                             "--host=[::1]",
		"--host=0:0:0:0:0:0:0:1":                                   "--host=0:0:0:0:0:0:0:1",
		"--host=::ffff:127.0.0.1":                                  "--host=::ffff:127.0.0.1",
		"--bind [::1]:8000":                                        "--bind [::1]:8000",
		"-b 127.0.0.1:8000 app:app":                                "-b 127.0.0.1:8000",
		"--listen-address=localhost:8000":                          "--listen-address=localhost:8000",
		"--web.listen-address=127.0.0.1:8000":                      "--web.listen-address=127.0.0.1:8000",
		"-Dserver.address=127.0.0.1 -jar app.jar":                  "-Dserver.address=127.0.0.1",
		"--server.address=127.0.0.1":                               "--server.address=127.0.0.1",
		"--urls http://localhost:8000":                             "--urls http://localhost:8000",
		"manage.py runserver 127.0.0.1:8000":                       "127.0.0.1:8000",
		"php -S localhost:8000":                                    "-S localhost:8000",
		"--metrics-bind-address=127.0.0.1:8000":                    "--metrics-bind-address=127.0.0.1:8000",
		"--bind 127.0.0.1 ::1 --port 8000":                         "--bind 127.0.0.1 ::1",
		"--host=0.0.0.0 --host=127.0.0.1":                          "--host=127.0.0.1",
		"next start -H 127.0.0.1 -p 8000":                          "-H 127.0.0.1",
		"dockerd -H tcp://127.0.0.1:8000":                          "-H tcp://127.0.0.1:8000",
		"flask run -h localhost -p 8000":                           "-h localhost",
		"http-server -a ::1":                                       "-a ::1",
		"rackup -o 127.0.0.1":                                      "-o 127.0.0.1",
		"--bind 127.0.0.1 -h 10.0.0.5":                             "--bind 127.0.0.1",
		"server -h":                                                "",
		"until pg_isready -h localhost; do sleep 1; done; server":  "",
		"dockerd -H unix:///var/run/docker.sock":                   "",
		"--host=0.0.0.0":                                           "",
		"--host=127.0.0.1 --host=0.0.0.0":                          "",
		"--bind 127.0.0.1 10.0.0.1":                                "",
		"--bind 127.0.0.1:8000 --bind 0.0.0.0:8000":                "",
		"--bind * -::*":                                            "",
		"--metrics-bind-address=127.0.0.1:9000":                    "",
		"--metrics-host=127.0.0.1":                                 "",
		"--upstream=http://127.0.0.1:8000":                         "",
		"--upstream=127.0.0.1:8000":                                "",
		"--redis-host=127.0.0.1":                                   "",
		"--advertise-address=127.0.0.1:8000":                       "",
		"curl http://localhost:8000/healthz":                       "",
		"--hostname-override=127.0.0.1":                            "",
		"--host=shop.example.com":                                  "",
		"--host=1270.0.0.1":                                        "",
		"--host":                                                   "",
		"--listen-address=:8000":                                   "",
		"--target=localhost:8000 --listen-address=:8000 --verbose": "",
	} {
		t.Run(args, func(t *testing.T) {
			for _, c := range []workload.Container{
				{Args: strings.Fields(args)},
				{Command: []string{"server"}, Args: strings.Fields(args)},
				{Command: []string{"sh", "-c", "exec server " + args}},
			} {
				if got, _ := detect.ListeningsOf(&c).Loopback(8000); got.Said != want {
					t.Errorf("%q %q: %+v, want %q", c.Command, c.Args, got, want)
				}
			}
		})
	}
}

func TestAClientInAScriptBindsNothing(t *testing.T) {
	for script, want := range map[string]string{
		"pg_isready -h localhost -p 8000 && server":            "",
		"nc -z 127.0.0.1 8000 || server --host=::1":            "--host=::1",
		"/usr/bin/curl -sf localhost:8000; server --host ::1":  "--host ::1",
		"x=$(redis-cli -h localhost ping) server -H 127.0.0.1": "-H 127.0.0.1",
	} {
		t.Run(script, func(t *testing.T) {
			c := workload.Container{Command: []string{"sh", "-c", script}}
			if got, _ := detect.ListeningsOf(&c).Loopback(8000); got.Said != want {
				t.Errorf("%+v, want %q", got, want)
			}
		})
	}
}

func TestALiteralThatGivesTheServerAnotherPortIsSeen(t *testing.T) {
	for name, row := range map[string]struct {
		args string
		env  []corev1.EnvVar
		want string
	}{
		"nothing":                            {"", nil, ""},
		"another port":                       {"uvicorn app:app --host 0.0.0.0 --port 80", nil, "--port 80"},
		"another port behind an equals sign": {"--http-port=80", nil, "--http-port=80"},
		"another address":                    {"gunicorn --bind 0.0.0.0:80 app:app", nil, "--bind 0.0.0.0:80"},
		"another listener":                   {"--listen=:4000", nil, "--listen=:4000"},
		"one letter":                         {"next start -p 3000", nil, "-p 3000"},
		"a system property":                  {"-Dserver.port=80 -jar app.jar", nil, "-Dserver.port=80"},
		"the convention for variables":       {"", []corev1.EnvVar{{Name: "PORT", Value: "4000"}}, "PORT=4000"},
		"an address in a variable":           {"", []corev1.EnvVar{{Name: "LISTEN_ADDR", Value: ":4000"}}, "LISTEN_ADDR=:4000"},
		"this port":                          {"--port=8000", nil, ""},
		"this port beside another":           {"--port=80 --admin-port=8000", nil, ""},
		"the last of two equal flags":        {"--port=80 --port=8000", nil, ""},
		"an argument goes before a variable": {"--port=8000", []corev1.EnvVar{{Name: "PORT", Value: "4000"}}, ""},
		"an argument of another server leaves the port to a variable": {"--metrics-port=9090", []corev1.EnvVar{{Name: "PORT", Value: "4000"}}, "PORT=4000"},
		"the port of another server":                                  {"--metrics-port=9090", nil, ""},
		"the address of another server":                               {"--metrics-bind-address=:9090", nil, ""},
		"the port of a database":                                      {"--db-port=5432 --redis-port 6379", nil, ""},
		"a number that is no port":                                    {"--workers 4 --timeout=30", nil, ""},
		"a port that only the shell knows":                            {"--port=$PORT", nil, ""},
		"a variable from a Secret":                                    {"", []corev1.EnvVar{secret("PORT")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := workload.Container{Args: strings.Fields(row.args), Env: variables(t, row.env...)}
			if got, found := detect.ListeningsOf(&c).Elsewhere(8000); got != row.want || found != (row.want != "") {
				t.Errorf("%q %v, want %q", got, found, row.want)
			}
		})
	}
}

func TestALiteralVariableThatBindsToLoopbackIsSeen(t *testing.T) {
	for name, row := range map[string]struct {
		env  []corev1.EnvVar
		args []string
		want string
	}{
		"a host":                        {env: []corev1.EnvVar{{Name: "HOST", Value: "127.0.0.1"}}, want: "HOST=127.0.0.1"},
		"a host of every interface":     {env: []corev1.EnvVar{{Name: "HOST", Value: "::"}}},
		"a URL":                         {env: []corev1.EnvVar{{Name: "ASPNETCORE_URLS", Value: "http://localhost:8000"}}, want: "ASPNETCORE_URLS=http://localhost:8000"},
		"one URL of two":                {env: []corev1.EnvVar{{Name: "ASPNETCORE_URLS", Value: "http://localhost:8000;http://+:8000"}}},
		"a URL of another port":         {env: []corev1.EnvVar{{Name: "ASPNETCORE_URLS", Value: "http://localhost:5000"}}},
		"flags in a variable":           {env: []corev1.EnvVar{{Name: "GUNICORN_CMD_ARGS", Value: "--bind 127.0.0.1 --workers 2"}}, want: "--bind 127.0.0.1"},
		"a variable from a Secret":      {env: []corev1.EnvVar{secret("HOST")}},
		"the address of another server": {env: []corev1.EnvVar{{Name: "MANAGEMENT_SERVER_ADDRESS", Value: "127.0.0.1"}}},
		"a flag goes before a variable": {env: []corev1.EnvVar{{Name: "HOST", Value: "127.0.0.1"}}, args: []string{"--host=0.0.0.0"}},
		"a port as an argument leaves the host to a variable": {env: []corev1.EnvVar{{Name: "HOST", Value: "127.0.0.1"}}, args: []string{"--port=8000"}, want: "HOST=127.0.0.1"},
		"a port of another server, too":                       {env: []corev1.EnvVar{{Name: "HOST", Value: "127.0.0.1"}}, args: []string{"--metrics-port=9090"}, want: "HOST=127.0.0.1"},
		"a variable that nobody decodes":                      {env: []corev1.EnvVar{{Name: "DB_HOST", Value: "127.0.0.1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := workload.Container{Args: row.args, Env: variables(t, row.env...)}
			if got, _ := detect.ListeningsOf(&c).Loopback(8000); got.Said != row.want {
				t.Errorf("%+v, want %q", got, row.want)
			}
		})
	}
}

func TestTheVariablesOfAddressesAreKept(t *testing.T) {
	for _, name := range slices.Concat(detect.ListenVariables, detect.PortVariables) {
		if known, ok := environment.Find(name); !ok || !known.Value {
			t.Errorf("the value of %s is dropped", name)
		}
	}
}
