package policy_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// container is one of a Pod, written as its name, its image and its ports.
func container(name, image, ports string) workload.Container {
	c := workload.Container{Name: name, Image: image}
	withPorts(ports)(&c)
	return c
}

func TestAKeyWithoutANameMeansTheMainContainer(t *testing.T) {
	const (
		inject, liveness, readiness = "probe-injector.dev/inject", "probe-injector.dev/liveness", "probe-injector.dev/readiness"
		budget                      = "probe-injector.dev/startup-budget"
	)
	app := container("app", "registry.example/app", "http:8080")
	worker := container("worker", "registry.example/worker", "http:8081")
	noPorts := container("manager", "registry.example/manager", "")
	rbacProxy := container("auth", "quay.io/brancz/kube-rbac-proxy:v0.18.0", "https:8443")
	exporter := container("metrics", "oliver006/redis_exporter:v1", "metrics:9121")
	reloader := container("reloader", "quay.io/prometheus-operator/prometheus-config-reloader:v0.80.0", "reloader-web:8082")
	envoy := container("tls", "envoyproxy/envoy:v1.31.0", ":8443")
	shipper := container("log-shipper", "registry.example/ship", ":5066")
	rows := map[string]struct {
		containers  []workload.Container
		annotations map[string]string
		injected    []string
		reason      reason.Reason
	}{
		"beside a helper, which is known by its image": {
			[]workload.Container{reloader, app}, map[string]string{inject: "true"}, []string{"app/liveness", "app/readiness", "app/startup"}, "",
		},
		"beside a proxy, which is known by its image": {
			[]workload.Container{envoy, app}, map[string]string{inject: "true"}, []string{"app/liveness", "app/readiness", "app/startup"}, "",
		},
		"a companion, where nothing but a helper is beside it": {
			[]workload.Container{reloader, envoy}, map[string]string{readiness: "tcp:9901"}, []string{"tls/readiness"}, "",
		},
		"without ports, and a port that nobody declares": {
			[]workload.Container{rbacProxy, noPorts}, map[string]string{liveness: "http:8081/healthz"}, []string{"manager/liveness", "manager/startup"}, "",
		},
		"without ports, and not the sidecar that has one": {
			[]workload.Container{noPorts, exporter}, map[string]string{inject: "true"}, nil, reason.NoPort,
		},
		"the one that declares the port, sidecar or not": {
			[]workload.Container{app, rbacProxy}, map[string]string{readiness: "https:8443/x"}, []string{"auth/readiness"}, "",
		},
		"the first, which alone has a port": {
			[]workload.Container{app, noPorts}, map[string]string{inject: "true"}, []string{"app/liveness", "app/readiness", "app/startup"}, "",
		},
		"no liveness for one that has no port, nor for the other that has": {
			[]workload.Container{noPorts, shipper}, map[string]string{liveness: "/healthz"}, nil, reason.AmbiguousContainers,
		},
		"no readiness for the other either": {
			[]workload.Container{noPorts, shipper}, map[string]string{readiness: "/healthz"}, nil, reason.AmbiguousContainers,
		},
		"the first of several, for readiness only": {
			[]workload.Container{app, worker}, map[string]string{inject: "true"}, []string{"app/readiness"}, reason.AmbiguousContainers,
		},
		"the first of several, for a readiness path": {
			[]workload.Container{reloader, app, worker}, map[string]string{readiness: "/ready"}, []string{"app/readiness"}, "",
		},
		"liveness of a container's own key beside the guess": {
			[]workload.Container{app, worker}, map[string]string{inject: "true", "app." + liveness: "/livez"},
			[]string{"app/liveness", "app/readiness", "app/startup"}, "",
		},
		"no liveness where a budget could be anybody's": {
			[]workload.Container{app, worker}, map[string]string{inject: "true", budget: "5m"}, []string{"app/readiness"}, reason.AmbiguousContainers,
		},
		"a sidecar gets what its own key writes": {
			[]workload.Container{app, exporter}, map[string]string{"metrics." + readiness: "tcp:9121"}, []string{"metrics/readiness"}, "",
		},
		"a sidecar gets nothing that is left to us": {
			[]workload.Container{app, exporter}, map[string]string{"metrics." + inject: "true"}, nil, reason.KnownSidecar,
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := policy.Default("v0.0.0").Decide(policy.Subject{Pod: podWith(row.annotations, row.containers...)})
			if got := injected(d); !slices.Equal(got, row.injected) {
				t.Errorf("injected %v, want %v (%v)", got, row.injected, d.Skips)
			}
			if row.reason != "" && !slices.ContainsFunc(d.Skips, func(s policy.Skip) bool { return s.Reason == row.reason }) {
				t.Errorf("skips %v, want %q", d.Skips, row.reason)
			}
		})
	}
}

func TestAGuessedContainerIsToldWithHowToChoose(t *testing.T) {
	d := policy.Default("v0.0.0").Decide(policy.Subject{Pod: podWith(map[string]string{"probe-injector.dev/readiness": "/ready"},
		container("app", "registry.example/app", "http:8080"), container("worker", "registry.example/worker", "http:8081"))})
	if said := strings.Join(d.Warnings, "\n"); !strings.Contains(said, "app: readiness: taken as the first that is no known sidecar; put NAME. before the key") {
		t.Errorf("warnings %q", said)
	}
}

func TestAWrongDefaultContainerIsSaidOnce(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	for name, row := range map[string]struct{ names, says string }{
		"a native sidecar":  {"proxy", "a native sidecar is not the main container: name one of app, worker"},
		"an init container": {"setup", "an init container is not the main container: name one of app, worker"},
		"nobody":            {"wroker", "no such container: name one of app, worker"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rule := range []bool{false, true} {
				pod := podWith(map[string]string{"kubectl.kubernetes.io/default-container": row.names},
					container("app", "registry.example/app", "http:8080"), container("worker", "registry.example/worker", ""))
				pod.Spec.InitContainers = []workload.Container{{Name: "setup"}, {Name: "proxy", RestartPolicy: &always}}
				pod.Metadata.OwnerReferences = owned("ReplicaSet", "apps/v1")
				subject := policy.Subject{Pod: pod, Route: policy.Route{Group: "everything"}}
				if !rule {
					pod.Metadata.Annotations["probe-injector.dev/liveness"] = "/livez"
					pod.Metadata.Annotations["probe-injector.dev/readiness"] = "/readyz"
					subject.Route = policy.Route{}
				}
				d := mustParse(t, adminPolicy).Decide(subject)
				if len(d.Injections) > 0 || len(d.Errors) != 1 || d.Errors[0].Detail != row.says {
					t.Errorf("rule %v: injects %v, errors %v, want only %q", rule, injected(d), d.Errors, row.says)
				}
			}
		})
	}
}

// Where nobody can know which container is meant, nothing that kills may depend on the order in which they are written.
func TestNoGuessKills(t *testing.T) {
	tried := 0
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		if len(pod.Spec.Containers) < 2 || namesAContainer(pod) {
			return
		}
		killing := func(pod *workload.Pod) []string {
			var names []string
			for _, in := range engine.Decide(policy.Subject{Pod: pod, Route: route}).Injections {
				if in.Kind.Kills() && !slices.Contains(names, in.Container.Name) {
					names = append(names, in.Container.Name)
				}
			}
			slices.Sort(names)
			return names
		}
		one := killing(pod)
		turned := *pod
		turned.Spec.Containers = slices.Clone(pod.Spec.Containers)
		slices.Reverse(turned.Spec.Containers)
		other := killing(&turned)
		if len(one) > 0 && len(other) > 0 && !slices.Equal(one, other) {
			t.Errorf("%v in one order, %v in the other: %+v", one, other, pod)
		}
		tried += min(1, len(one))
	})
	if tried < randomPods/1000 {
		t.Errorf("only %d Pods got a probe that kills: the property is hardly tested", tried)
	}
}

func namesAContainer(pod *workload.Pod) bool {
	for key := range pod.Metadata.Annotations {
		if name, _, found := strings.Cut(key, ".probe-injector.dev/"); found && name != "" {
			return true
		}
	}
	return false
}

// What is chosen for a container, and not written with its name, goes to no sidecar while there is another container.
func TestNoSidecarGetsWhatIsMeantForTheMainContainer(t *testing.T) {
	forRandomPods(t, func(t *testing.T, engine *policy.Policy, pod *workload.Pod, route policy.Route) {
		known := func(c workload.Container) bool {
			return c.Name == "istio-proxy" || !strings.HasSuffix(c.Image, "/"+c.Name)
		}
		_, defaulted := pod.Metadata.Annotations["kubectl.kubernetes.io/default-container"]
		if defaulted || namesAContainer(pod) || !slices.ContainsFunc(pod.Spec.Containers, func(c workload.Container) bool { return !known(c) }) {
			return
		}
		for _, in := range engine.Decide(policy.Subject{Pod: pod, Route: route}).Injections {
			c := pod.Container(in.Container.Name)
			if known(*c) && in.Source != policy.SourceAnnotation {
				t.Errorf("%s of %s is %s: %+v", in.Kind, c.Image, in.Handler, pod)
			}
		}
	})
}

// A name that decides among several ports is not enough where nobody asks, unless the admin lowers what is demanded.
func TestARuleTakesNoPortOfSeveral(t *testing.T) {
	engine := mustParse(t, adminPolicy)
	forRandomPods(t, func(t *testing.T, _ *policy.Policy, pod *workload.Pod, _ policy.Route) {
		for _, in := range engine.Decide(policy.Subject{Pod: pod, Route: policy.Route{Group: "everything"}}).Injections {
			if in.Evidence.Kind == detect.EvidenceAmongPorts {
				t.Errorf("%s is %s of %v", in.Kind, in.Handler, pod.Container(in.Container.Name).Ports)
			}
		}
	})
}
