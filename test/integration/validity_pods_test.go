package integration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// specimen is a Pod that asks, and what must be decided about it for it to be worth creating.
type specimen struct {
	name string
	pod  *corev1.Pod
	// expect says what is wrong with the decision; nothing if it is "".
	expect func(policy.Decision) string
}

// specimens are the Pods of everything that we can emit.
func specimens(t *testing.T, engine *policy.Policy) []specimen {
	t.Helper()
	known, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if len(known.Profiles) == 0 {
		t.Fatal("the catalogue is empty")
	}
	var all []specimen
	for i := range known.Profiles {
		all = append(all, recognisedPods(t, engine, &known.Profiles[i])...)
		all = append(all, namedPods(&known.Profiles[i])...)
	}
	return slices.Concat(all, spelledPods(), boundedPods(), podsOfSeveralContainers())
}

// ways are the annotations by which a Pod asks for what a profile has.
func ways() map[string]map[string]string {
	return map[string]map[string]string{
		"by inject":       ours("inject", "true"),
		"by its own keys": ours("liveness", "true", "readiness", "true", "startup", "true"),
	}
}

// recognisedPods are Pods that the engine recognises by each row of a profile's detection.
func recognisedPods(t *testing.T, engine *policy.Policy, p *v1alpha1.Profile) []specimen {
	t.Helper()
	var all []specimen
	for n := range p.Detect {
		container, ok := recognisedContainer(t, engine, p, &p.Detect[n])
		if !ok {
			t.Errorf("profile %s: nothing that was made of detect[%d] is recognised by it", p.Name, n)
			continue
		}
		for way, annotations := range ways() {
			name := fmt.Sprintf("profile %s, recognised by detect[%d], %s", p.Name, n, way)
			all = append(all, specimen{name, strictPod(annotations, container), isOf(p.Name)})
		}
	}
	return all
}

// recognisedContainer finds a container among those that fit a detection which no profile before it describes.
func recognisedContainer(t *testing.T, engine *policy.Policy, p *v1alpha1.Profile, d *v1alpha1.Detection) (corev1.Container, bool) {
	t.Helper()
	for _, image := range imagesOf(d) {
		for _, port := range portsOf(p, d) {
			container := containerWith(port)
			container.Image = image
			for _, name := range d.Args {
				container.Args = append(container.Args, name+"=:8081")
			}
			for _, variable := range d.Env {
				container.Env = append(container.Env, corev1.EnvVar{Name: withoutStars(variable.Name), Value: orElse(variable.Value, "8082")})
			}
			pod := strictPod(ours("liveness", "true", "readiness", "true"), container)
			if isOf(p.Name)(decideOn(t, engine, pod)) == "" {
				return container, true
			}
		}
	}
	return corev1.Container{}, false
}

// namedPods are Pods of an unknown image that name a profile.
func namedPods(p *v1alpha1.Profile) []specimen {
	var d v1alpha1.Detection
	if len(p.Detect) > 0 {
		d = p.Detect[0]
	}
	var all []specimen
	for way, annotations := range ways() {
		annotations[annotation.Key("", string(annotation.Profile))] = p.Name
		pod := strictPod(annotations, containerWith(portsOf(p, &d)[0]))
		all = append(all, specimen{fmt.Sprintf("profile %s, named, %s", p.Name, way), pod, isOf(p.Name)})
	}
	return all
}

// isOf expects a decision that a profile had a part in: it gave a probe, or said that it has none.
func isOf(profile string) func(policy.Decision) string {
	return func(d policy.Decision) string {
		gave := slices.ContainsFunc(d.Injections, func(in policy.Injection) bool { return in.Profile == profile })
		refused := slices.ContainsFunc(d.Skips, func(s policy.Skip) bool { return s.Detail == profile })
		if !gave && !refused {
			return "the profile " + profile + " had no part in it"
		}
		return ""
	}
}

// imagesOf are images that a detection accepts.
func imagesOf(d *v1alpha1.Detection) []string {
	publishers := d.Publishers
	if len(publishers) == 0 {
		publishers = []string{"registry.example.com/team"}
	}
	tag := cmp.Or(d.MinVersion, d.MaxVersion, "latest")
	var images []string
	for _, name := range d.Images {
		for _, publisher := range publishers {
			images = append(images, publisher+"/"+withoutStars(name)+":"+tag)
		}
	}
	if len(images) == 0 {
		return []string{"registry.example.com/team/app:1"}
	}
	return images
}

// withoutStars puts something in the place of a star.
func withoutStars(pattern string) string { return strings.ReplaceAll(pattern, "*", "0x") }

// portsOf are ports on which a detection is accepted, or else a profile finds its port.
func portsOf(p *v1alpha1.Profile, d *v1alpha1.Detection) [][]corev1.ContainerPort {
	var found [][]corev1.ContainerPort
	for _, port := range d.Ports {
		if port.Type == intstr.String {
			found = append(found, ports(port.StrVal, 8080))
		} else {
			found = append(found, ports("", port.IntVal))
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, source := range p.Ports {
		if source.Number > 0 || source.Name != "" {
			found = append(found, ports(source.Name, orElse(source.Number, 8080)))
		}
	}
	return append(found, ports("", 8080))
}

// handlerForms are all ways to spell a handler, with the longest names and the outermost ports.
func handlerForms() []string {
	return []string{
		"true", "/", "/livez?verbose=%20&a,b;c|d=e", "/" + strings.Repeat("a", 255),
		"http:8080/x", "http:http/x", "http://:8080/x", "http:abcdefghijklmno/", "http:1/",
		"https:8443/x", "https:https/x", "https://:8443/x", "https:65535/",
		"tcp:8080", "tcp:http", "tcp://:8080", "tcp:1", "tcp:65535",
		"grpc:9090", "grpc:grpc", "grpc://:9090", "grpc:9090/shop.Cart", "grpc:65535/" + strings.Repeat("s", 253),
	}
}

// spelledPods are Pods that spell each handler, in every timing class, and those that ask for a command.
func spelledPods() []specimen {
	server := containerWith(ports("http", 8080))
	every := containerWith(slices.Concat(server.Ports, ports("https", 8443), ports("grpc", 9090), ports("abcdefghijklmno", 65535)))
	var all []specimen
	for _, class := range timing.ClassNames() {
		for _, form := range handlerForms() {
			annotations := ours("profile", "tcp-"+class, "liveness", form, "readiness", form, "startup", form, "host-header", "shop.example.com")
			// A path alone goes to the only port.
			container := every
			if strings.HasPrefix(form, "/") {
				container = server
			}
			all = append(all, specimen{"class " + class + ", handler " + form, strictPod(annotations, container), gives(3)})
		}
		annotations := ours("profile", "exec-"+class, "startup", "true")
		all = append(all, specimen{"class " + class + ", commands", strictPod(annotations, server), gives(3)})
	}
	return append(all,
		specimen{"readiness alone", strictPod(ours("liveness", "false", "readiness", "/x"), server), gives(1)},
		specimen{"liveness without its guard", strictPod(ours("liveness", "/x", "startup", "false"), server), gives(1)},
		specimen{"the longest host header", strictPod(ours("readiness", "/x", "host-header", strings.Repeat("h", 253)), server), gives(1)},
	)
}

// policyOfEveryClass is the policy of an admin who has a profile for each class, with a connection and with commands.
func policyOfEveryClass(style timing.Style) v1alpha1.ProbePolicySpec {
	longest := &metav1.Duration{Duration: timing.MaxStartupBudgetCeiling * time.Second}
	spec := v1alpha1.ProbePolicySpec{Style: style, MaxStartupBudget: longest}
	for _, class := range timing.ClassNames() {
		connect := &v1alpha1.ProfileProbe{Handler: "tcp:8080"}
		command := func(arguments ...string) *v1alpha1.ProfileProbe {
			return &v1alpha1.ProfileProbe{Exec: &v1alpha1.ExecAction{Command: arguments}}
		}
		spec.Profiles = append(spec.Profiles,
			v1alpha1.Profile{Name: "tcp-" + class, Class: class, Liveness: connect, Readiness: connect, Startup: connect},
			v1alpha1.Profile{Name: "exec-" + class, Class: class, Liveness: command("alive"), Readiness: command("ready", "-q"), Startup: command("up")},
		)
	}
	return spec
}

// boundedPods are Pods that set one field, or answer one question about time, with the smallest and the largest value.
func boundedPods() []specimen {
	var all []specimen
	add := func(key string, bounds timing.Bounds, expect func(value int32) func(policy.Decision) string) {
		for _, value := range []int32{bounds.Min, bounds.Max} {
			annotations := ours("liveness", "/livez", "readiness", "/readyz", "startup", "/startedz", key, strconv.Itoa(int(value)))
			if key == "startup.failureThreshold" {
				// A single failure allows a start only if the probe begins late.
				maps.Copy(annotations, ours("startup.initialDelaySeconds", "30"))
			}
			pod := strictPod(annotations, containerWith(ports("http", 8080)))
			all = append(all, specimen{fmt.Sprintf("%s at %d", key, value), pod, expect(value)})
		}
	}
	for _, kind := range probe.Kinds() {
		for _, name := range probe.Fields() {
			if bounds, ok := timing.FieldBounds(kind, name); ok {
				add(string(kind)+"."+string(name), bounds, func(value int32) func(policy.Decision) string { return sets(kind, name, value) })
			}
		}
	}
	for _, input := range []timing.Input{timing.StartupBudget, timing.RestartAfter, timing.UnreadyAfter} {
		add(string(input), timing.InputBounds(input), func(int32) func(policy.Decision) string { return gives(3) })
	}
	return all
}

// sets expects a probe that has a value in a field.
func sets(kind probe.Kind, name probe.Field, value int32) func(policy.Decision) string {
	return func(d policy.Decision) string {
		for _, in := range d.Injections {
			if in.Kind != kind {
				continue
			}
			got := map[probe.Field]int32{
				probe.InitialDelaySeconds: in.Probe.InitialDelaySeconds, probe.PeriodSeconds: in.Probe.PeriodSeconds,
				probe.TimeoutSeconds: in.Probe.TimeoutSeconds, probe.SuccessThreshold: in.Probe.SuccessThreshold,
				probe.FailureThreshold: in.Probe.FailureThreshold,
			}
			if grace := in.Probe.TerminationGracePeriodSeconds; grace != nil {
				got[probe.TerminationGracePeriodSeconds] = int32(*grace)
			}
			if got[name] != value {
				return fmt.Sprintf("%s.%s is %d, not %d", kind, name, got[name], value)
			}
			return ""
		}
		return "there is no " + string(kind) + " probe"
	}
}

// podsOfSeveralContainers are Pods in which the keys name containers: native sidecars, and several that serve.
func podsOfSeveralContainers() []specimen {
	web, admin, proxy := containerWith(ports("http", 8080)), containerWith(ports("admin", 9000)), containerWith(ports("proxy", 15021))
	web.Name, admin.Name, proxy.Name = "web", "admin", "proxy"
	proxy.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	both := map[string]string{
		annotation.Key("web", "liveness"): "/livez", annotation.Key("web", "readiness"): "http:http/readyz",
		annotation.Key("admin", "liveness"): "tcp:admin", annotation.Key("admin", "readiness"): "tcp:9000",
	}
	sidecar := map[string]string{
		annotation.Key("proxy", "liveness"): "/healthz", annotation.Key("proxy", "readiness"): "http:proxy/readyz",
		annotation.Key("web", "inject"): "true",
	}
	guarded := map[string]string{annotation.Key("proxy", "startup"): "grpc:15021", annotation.Key("proxy", "liveness"): "grpc:15021"}
	withSidecar := func(annotations map[string]string) *corev1.Pod {
		pod := strictPod(annotations, web)
		setup := containerWith(nil)
		setup.Name = "setup"
		pod.Spec.InitContainers = []corev1.Container{setup, proxy}
		return pod
	}
	return []specimen{
		{"two containers, each by its name", strictPod(both, web, admin), gives(4)},
		{"a native sidecar beside a server", withSidecar(sidecar), gives(4)},
		{"a native sidecar with a startup probe of its own", withSidecar(guarded), gives(2)},
	}
}

// gives expects at least so many probes.
func gives(least int) func(policy.Decision) string {
	return func(d policy.Decision) string {
		if len(d.Injections) < least {
			return fmt.Sprintf("%d probes, not %d", len(d.Injections), least)
		}
		return ""
	}
}

// ours are annotations of ours, from words and values in turn.
func ours(wordsAndValues ...string) map[string]string {
	annotations := map[string]string{}
	for pair := range slices.Chunk(wordsAndValues, 2) {
		annotations[annotation.Key("", pair[0])] = pair[1]
	}
	return annotations
}

// ports is one TCP port, with a name or without.
func ports(name string, number int32) []corev1.ContainerPort {
	return []corev1.ContainerPort{{Name: name, ContainerPort: number}}
}

// containerWith is a container of an unknown image.
func containerWith(ports []corev1.ContainerPort) corev1.Container {
	return corev1.Container{Name: "app", Image: "registry.example.com/team/app:1", Ports: ports, SecurityContext: restricted()}
}

// strictPod is a Pod that the Pod Security standard "restricted" allows.
func strictPod(annotations map[string]string, containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{GenerateName: "valid-", Annotations: annotations},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			Containers:                   containers,
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		},
	}
}

func decideOn(t *testing.T, engine *policy.Policy, pod *corev1.Pod) policy.Decision {
	t.Helper()
	var view workload.Pod
	if err := json.Unmarshal(encoded(t, pod), &view); err != nil {
		t.Fatal(err)
	}
	return engine.Decide(policy.Subject{Pod: &view})
}

func encoded(t *testing.T, pod *corev1.Pod) []byte {
	t.Helper()
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
