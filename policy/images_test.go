package policy_test

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/environment"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const mirroringPolicy = `
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  imageMirrors: [harbor.corp.example/dockerhub, "registry.corp.example:5000/mirror"]
  rules:
  - name: everything
    probes: [readiness, liveness]
`

// imageRow is one container of testdata/images.yaml, which explains the members.
type imageRow struct {
	Image   string            `json:"image"`
	Ports   []string          `json:"ports,omitempty"`
	Command []string          `json:"command,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`

	Profile    string              `json:"profile,omitempty"`
	Overridden string              `json:"overridden,omitempty"`
	By         detect.EvidenceKind `json:"by,omitempty"`
	Ready      string              `json:"ready,omitempty"`
	Live       string              `json:"live,omitempty"`
	Own        *string             `json:"own,omitempty"`
	Ruled      []probe.Kind        `json:"ruled"`
}

func imageRows(t *testing.T) []imageRow {
	t.Helper()
	text, err := os.ReadFile("testdata/images.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Containers []imageRow `json:"containers"`
	}
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Containers
}

// name tells the rows of one image apart.
func (r *imageRow) name() string {
	words := slices.Concat([]string{r.Image}, r.Ports)
	for place, list := range map[string][]string{"command": r.Command, "args": r.Args} {
		if len(list) > 0 {
			words = append(words, place+" "+strings.Join(list, " "))
		}
	}
	for name, value := range r.Env {
		words = append(words, name+"="+value)
	}
	slices.Sort(words[1+len(r.Ports):])
	return strings.Join(words, " ")
}

// pod is the row's container in a Pod of a Deployment.
func (r *imageRow) pod(t *testing.T, annotations map[string]string) *workload.Pod {
	t.Helper()
	c := workload.Container{Name: "main", Image: r.Image, Command: r.Command, Args: r.Args, Env: variables(t, r.Env)}
	for _, port := range r.Ports {
		c.Ports = append(c.Ports, portFrom(t, port))
	}
	pod := podWith(annotations, c)
	pod.Metadata.OwnerReferences = owned("ReplicaSet", "apps/v1")
	return pod
}

// portFrom reads NUMBER, NAME:NUMBER and either with /PROTOCOL.
func portFrom(t *testing.T, text string) workload.ContainerPort {
	t.Helper()
	text, protocol, _ := strings.Cut(text, "/")
	name, digits, named := strings.Cut(text, ":")
	if !named {
		name, digits = "", text
	}
	number, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return workload.ContainerPort{Name: name, ContainerPort: int32(number), Protocol: corev1.Protocol(protocol)}
}

// variables are read as from a Pod.
func variables(t *testing.T, env map[string]string) environment.Variables {
	t.Helper()
	var list []corev1.EnvVar
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, corev1.EnvVar{Name: name, Value: env[name]})
	}
	text, err := yaml.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var read environment.Variables
	if err := yaml.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// known is what a decision says about the container's software.
func known(d policy.Decision) (profile, overridden string, by detect.EvidenceKind) {
	for _, in := range d.Injections {
		if in.Source == policy.SourceEvidence {
			profile, by = in.Profile, in.Evidence.Kind
		}
	}
	for _, skip := range d.Skips {
		switch skip.Reason {
		case reason.CommandOverridden:
			overridden = skip.Detail
		case reason.NotOffered, reason.OwnKeyOnly:
			profile = skip.Detail
		}
	}
	return profile, overridden, by
}

// handler gives the handler of an injected probe, or nothing.
func handler(d policy.Decision, kind probe.Kind) string {
	for _, in := range d.Injections {
		if in.Kind == kind {
			return in.Handler.String()
		}
	}
	return ""
}

func TestImagesAreRecognisedForWhatTheyAre(t *testing.T) {
	engine := mustParse(t, mirroringPolicy)
	for _, row := range imageRows(t) {
		t.Run(row.name(), func(t *testing.T) {
			d := engine.Decide(policy.Subject{Pod: row.pod(t, map[string]string{"probe-injector.dev/inject": "true"})})
			profile, overridden, by := known(d)
			if profile != row.Profile || overridden != row.Overridden {
				t.Errorf("recognised as %q, overridden %q; want %q and %q", profile, overridden, row.Profile, row.Overridden)
			}
			if want := row.by(); by != "" && by != want {
				t.Errorf("recognised by its %s, want %s", by, want)
			}
			if ready, live := handler(d, probe.Readiness), handler(d, probe.Liveness); ready != row.Ready || live != row.Live {
				t.Errorf(`inject: "true" gives readiness %q and liveness %q, want %q and %q`, ready, live, row.Ready, row.Live)
			}
			if row.Own == nil {
				return
			}
			d = engine.Decide(policy.Subject{Pod: row.pod(t, map[string]string{"probe-injector.dev/liveness": "true"})})
			if live := handler(d, probe.Liveness); live != *row.Own {
				t.Errorf(`liveness: "true" gives %q, want %q`, live, *row.Own)
			}
		})
	}
}

func (r *imageRow) by() detect.EvidenceKind {
	if r.By == "" {
		return detect.EvidenceImage
	}
	return r.By
}

func TestRulesGiveImagesOnlyWhatIsOffered(t *testing.T) {
	engine := mustParse(t, mirroringPolicy)
	for _, row := range imageRows(t) {
		t.Run(row.name(), func(t *testing.T) {
			d := engine.Decide(policy.Subject{Pod: row.pod(t, nil), Route: policy.Route{Group: "everything"}})
			wanted := map[probe.Kind]string{probe.Readiness: row.Ready, probe.Liveness: row.Live}
			for _, kind := range []probe.Kind{probe.Readiness, probe.Liveness} {
				want := ""
				if slices.Contains(row.Ruled, kind) {
					want = wanted[kind]
				}
				if got := handler(d, kind); got != want {
					t.Errorf("a rule gives %s %q, want %q", kind, got, want)
				}
			}
		})
	}
}

// No Pod may ever be restarted for what it is not: whoever is not recognised has no liveness probe of a profile, by
// whatever word it was asked for, and rules give it none at all.
func TestWhatIsNotRecognisedIsNeverRestartedByAProfile(t *testing.T) {
	engine := mustParse(t, mirroringPolicy)
	for _, row := range imageRows(t) {
		if row.Profile != "" {
			continue
		}
		t.Run(row.name(), func(t *testing.T) {
			for _, key := range []string{"", "probe-injector.dev/inject", "probe-injector.dev/liveness"} {
				subject := policy.Subject{Pod: row.pod(t, map[string]string{key: "true"})}
				if key == "" {
					subject = policy.Subject{Pod: row.pod(t, nil), Route: policy.Route{Group: "everything"}}
				}
				for _, in := range engine.Decide(subject).Injections {
					if in.Kind != probe.Readiness && (in.Profile != "" || key == "") {
						t.Errorf("with %q: %s %s of profile %q", key, in.Kind, in.Handler, in.Profile)
					}
				}
			}
		})
	}
}

// The table is worth nothing where it has holes.
func TestTheTableOfImagesCoversTheCatalogue(t *testing.T) {
	const leastRows, leastStrangers = 170, 40
	rows, recognised, strangers := imageRows(t), map[string]bool{}, 0
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.name()] {
			t.Errorf("%s stands twice", row.name())
		}
		seen[row.name()] = true
		recognised[row.Profile] = true
		if row.Profile == "" {
			strangers++
		}
	}
	if len(rows) < leastRows || strangers < leastStrangers {
		t.Errorf("%d rows with %d strangers, want at least %d and %d", len(rows), strangers, leastRows, leastStrangers)
	}
	built, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for i := range built.Profiles {
		if p := &built.Profiles[i]; len(p.Detect) > 0 && !recognised[p.Name] {
			t.Errorf("no row is recognised as %s", p.Name)
		}
	}
}

// BenchmarkDecideByImage shows what recognition costs. Nobody recognises the stranger, so that all profiles are compared.
func BenchmarkDecideByImage(b *testing.B) {
	engine := policy.Default("v0.0.0")
	rows := []struct{ name, image string }{{"nginx", "nginx:1.27"}, {"stranger", "registry.example/shop:1"}}
	for _, row := range rows {
		pod := podWith(map[string]string{"probe-injector.dev/inject": "true"}, web(func(c *workload.Container) { c.Image = row.image }))
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				engine.Decide(policy.Subject{Pod: pod})
			}
		})
	}
}
