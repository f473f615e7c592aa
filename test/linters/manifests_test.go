package linters

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// askingDeployment is a Deployment that asks for probes, and what becomes of it.
type askingDeployment struct {
	// name says what it is, and object is the name of its Deployment and its Service.
	name, object string
	// without is the Deployment as a person writes it; with has the probes that its Pods get.
	without, with *appsv1.Deployment
	// injected are these probes.
	injected probe.Map[policy.Injection]
	// withheld says which probes the catalogue or the person's own annotations withhold: what a linter may miss.
	withheld probe.Map[bool]
}

// oneHandler says that liveness and readiness ask the same, whatever their times are.
func (w *askingDeployment) oneHandler() bool {
	live, hasLiveness := w.injected.Get(probe.Liveness)
	ready, hasReadiness := w.injected.Get(probe.Readiness)
	return hasLiveness && hasReadiness && reflect.DeepEqual(live.Handler, ready.Handler)
}

// saying is what a person writes: annotations, and which probes are not to come of them.
type saying struct {
	name        string
	annotations map[string]string
	ports       []corev1.ContainerPort
	withheld    probe.Map[bool]
}

// workloads are Deployments for everything that a person can say, in both styles.
func workloads(t *testing.T) []askingDeployment {
	t.Helper()
	var all []askingDeployment
	for _, style := range []timing.Style{timing.StyleStartupProbe, timing.StyleInitialDelay} {
		engine, err := policy.Parse(fmt.Appendf(nil, "{apiVersion: %s, kind: %s, spec: {style: %s}}", v1alpha1.APIVersion, v1alpha1.Kind, style), "v0.0.0")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(profileSayings(t), handlerSayings()...) {
			w := askingDeployment{
				name:     fmt.Sprintf("%s, style %s", s.name, style),
				object:   fmt.Sprintf("w%d", len(all)),
				withheld: s.withheld,
			}
			w.without = deployment(w.object, s)
			w.inject(t, engine)
			all = append(all, w)
		}
	}
	return all
}

// profileSayings name each profile of the catalogue, with inject and with a key for each probe.
func profileSayings(t *testing.T) []saying {
	t.Helper()
	known, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var all []saying
	for i := range known.Profiles {
		p := &known.Profiles[i]
		all = append(all,
			saying{"profile " + p.Name, keys("profile", p.Name, "inject", "true"), portsOf(p), withheldBy(p, false)},
			saying{"profile " + p.Name + " by own keys", keys("profile", p.Name, "liveness", "true", "readiness", "true"), portsOf(p), withheldBy(p, true)},
		)
	}
	return all
}

// withheldBy reads in the catalogue which probes a profile does not give to a Pod that asks.
func withheldBy(p *v1alpha1.Profile, byOwnKey bool) probe.Map[bool] {
	var withheld probe.Map[bool]
	for kind, of := range map[probe.Kind]*v1alpha1.ProfileProbe{probe.Liveness: p.Liveness, probe.Readiness: p.Readiness} {
		if of == nil || of.Offer == v1alpha1.Never || of.OwnKey && !byOwnKey {
			withheld.Set(kind, true)
		}
	}
	return withheld
}

// portsOf is one port on which the profile finds its own.
func portsOf(p *v1alpha1.Profile) []corev1.ContainerPort {
	for _, source := range p.Ports {
		if source.Env == "" && source.Number > 0 {
			return port("", source.Number)
		}
		if source.Name != "" {
			return port(source.Name, 8080)
		}
	}
	return port("", 8080)
}

// handlerSayings are the forms of a handler, and what a person can leave out.
func handlerSayings() []saying {
	only := func(kind probe.Kind) (without probe.Map[bool]) {
		for _, other := range [...]probe.Kind{probe.Liveness, probe.Readiness} {
			if other != kind {
				without.Set(other, true)
			}
		}
		return without
	}
	var none probe.Map[bool]
	return []saying{
		{"inject alone", keys("inject", "true"), port("http", 8080), none},
		{"a path for each", keys("liveness", "/livez", "readiness", "/readyz"), port("http", 8080), none},
		{"one path for both", keys("liveness", "/healthz", "readiness", "/healthz"), port("http", 8080), none},
		{"one path on two ports", keys("liveness", "http:8080/x", "readiness", "http:9090/x"), port("http", 8080), none},
		{"one path on one port, once by its name", keys("liveness", "http:http/x", "readiness", "http:8080/x"), port("http", 8080), none},
		{"https for both", keys("liveness", "https:8443/x", "readiness", "https:8443/x"), port("https", 8443), none},
		{"a host header", keys("liveness", "/x", "readiness", "/x", "host-header", "shop.example.com"), port("http", 8080), none},
		{"one port for both", keys("liveness", "tcp:8080", "readiness", "tcp:8080"), port("http", 8080), none},
		{"a port for each", keys("liveness", "tcp:8080", "readiness", "tcp:9090"), port("http", 8080), none},
		{"one gRPC server for both", keys("liveness", "grpc:9000", "readiness", "grpc:9000"), port("grpc", 9000), none},
		{"a gRPC service for each", keys("liveness", "grpc:9000/live", "readiness", "grpc:9000/ready"), port("grpc", 9000), none},
		{"tcp and a path on one port", keys("liveness", "tcp:8080", "readiness", "/readyz"), port("http", 8080), none},
		{"the least patience with liveness", keys("inject", "true", "restart-after", "20s"), port("http", 8080), none},
		{"the most patience with readiness", keys("inject", "true", "unready-after", "10m", "restart-after", "1h"), port("http", 8080), none},
		{"readiness alone", keys("readiness", "/readyz"), port("http", 8080), only(probe.Readiness)},
		{"all but liveness", keys("inject", "true", "liveness", "false"), port("http", 8080), only(probe.Readiness)},
		{"liveness alone", keys("liveness", "/livez"), port("http", 8080), only(probe.Liveness)},
		{"all but readiness", keys("inject", "true", "readiness", "false"), port("http", 8080), only(probe.Liveness)},
	}
}

// deployment is a Deployment of one container of an unknown image.
func deployment(name string, s saying) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: s.annotations},
				Spec: corev1.PodSpec{Containers: []corev1.Container{
					{Name: "app", Image: "registry.example.com/team/app:1", Ports: s.ports},
				}},
			},
		},
	}
}

// service sends traffic to a Deployment: without one, some linters do not look at its probes.
func service(of *appsv1.Deployment) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: of.Namespace, Name: of.Name},
		Spec:       corev1.ServiceSpec{Selector: of.Spec.Selector.MatchLabels, Ports: []corev1.ServicePort{{Port: 80}}},
	}
}

// inject decides about the Pods of the Deployment, and gives it what they get.
func (w *askingDeployment) inject(t *testing.T, engine *policy.Policy) {
	t.Helper()
	w.with = w.without.DeepCopy()
	text, err := json.Marshal(corev1.Pod{ObjectMeta: w.with.Spec.Template.ObjectMeta, Spec: w.with.Spec.Template.Spec})
	if err != nil {
		t.Fatal(err)
	}
	var pod workload.Pod
	if err := json.Unmarshal(text, &pod); err != nil {
		t.Fatal(err)
	}
	decision := engine.Decide(policy.Subject{Pod: &pod})
	w.with.Spec.Template.Spec = patch.ApplyToPod(&corev1.Pod{Spec: w.with.Spec.Template.Spec}, &decision).Spec
	for _, in := range decision.Injections {
		w.injected.Set(in.Kind, in)
	}
}

// keys are annotations of ours for the only container, of words and values in turn.
func keys(wordsAndValues ...string) map[string]string {
	annotations := map[string]string{}
	for i := 0; i < len(wordsAndValues); i += 2 {
		annotations[annotation.Key("", wordsAndValues[i])] = wordsAndValues[i+1]
	}
	return annotations
}

func port(name string, number int32) []corev1.ContainerPort {
	return []corev1.ContainerPort{{Name: name, ContainerPort: number}}
}
