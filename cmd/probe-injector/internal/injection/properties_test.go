package injection

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy/annotation"
)

// drawings are how many workloads the properties are held against.
const drawings = 200

func TestTwiceAddsNothing(t *testing.T) {
	file := chartsOwn(t)
	random := rand.New(rand.NewPCG(13, 6))
	added := 0
	for range drawings {
		text := drawn(random)
		once, plan := made(t, file, text, Options{})
		added += len(plan.Sources[0].Changes)
		twice, _ := made(t, file, once, Options{})
		if once != twice {
			t.Fatalf("from\n%s\ncame first\n%s\nand then\n%s", text, once, twice)
		}
	}
	if added < drawings/3 {
		t.Errorf("only %d of %d workloads get probes", added, drawings)
	}
}

func TestAfterEjectNothingAsks(t *testing.T) {
	file := chartsOwn(t)
	random := rand.New(rand.NewPCG(13, 7))
	for range drawings {
		text := drawn(random)
		injected, _ := made(t, file, text, Options{})
		ejected, _ := made(t, file, text, Options{Eject: true})
		if strings.Contains(ejected, annotation.Domain) {
			t.Fatalf("from\n%s\ncame\n%s", text, ejected)
		}
		in, of := read(t, injected).Workloads[0], read(t, ejected).Workloads[0]
		if !reflect.DeepEqual(in.Pod.Spec, of.Pod.Spec) {
			t.Fatalf("other probes than without --eject:\n%s\n%s", injected, ejected)
		}
		if routes := file.Policy.Routes(of.Pod, of.Namespace, nil); len(routes) > 0 {
			t.Fatalf("%v still reach\n%s", routes, ejected)
		}
		if twice, _ := made(t, file, ejected, Options{Eject: true}); twice != ejected {
			t.Fatalf("a second time changes\n%s\nto\n%s", ejected, twice)
		}
	}
}

func chartsOwn(t *testing.T) *policyfile.File {
	t.Helper()
	file, err := policyfile.Default("v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, text string) *manifest.Input {
	t.Helper()
	in, err := manifest.Read(manifest.Files{Names: []string{manifest.Stdin}, Stdin: bytes.NewBufferString(text), Namespace: "default"})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return in
}

// made is what becomes of a text.
func made(t *testing.T, file *policyfile.File, text string, o Options) (string, *Plan) {
	t.Helper()
	plan, err := Make(file, "", read(t, text), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return string(plan.Sources[0].Text()), plan
}

// drawn is a workload.
func drawn(random *rand.Rand) string {
	var out strings.Builder
	pad := ""
	kind := pick(random, "Pod", "Deployment", "StatefulSet", "DaemonSet", "Job")
	group := map[string]string{"Pod": "v1", "Job": "batch/v1"}[kind]
	if group == "" {
		group = "apps/v1"
	}
	fmt.Fprintf(&out, "apiVersion: %s\nkind: %s\n", group, kind)
	if kind != "Pod" {
		out.WriteString("metadata:\n  name: x\nspec:\n  template:\n")
		pad = "    "
	}
	fmt.Fprintf(&out, "%smetadata:\n%s  name: x\n%s  annotations:\n%s    note: x\n", pad, pad, pad, pad)
	for _, each := range drawnAnnotations(random) {
		fmt.Fprintf(&out, "%s    %s\n", pad, each)
	}
	fmt.Fprintf(&out, "%sspec:\n%s  restartPolicy: %s\n", pad, pad, map[bool]string{true: "Never", false: "Always"}[kind == "Job"])
	if random.IntN(6) == 0 {
		fmt.Fprintf(&out, "%s  hostNetwork: true\n", pad)
	}
	fmt.Fprintf(&out, "%s  containers:\n", pad)
	for i := range 1 + random.IntN(2) {
		drawnContainer(&out, random, pad+"  ", i)
	}
	return out.String()
}

// words are annotations with values, most of them good.
var words = []struct {
	word   string
	one    int
	values []string
}{
	{"inject", 2, []string{`"true"`, `"true"`, `"true"`, `"true"`, `"false"`, `"yes"`}},
	{"liveness", 2, []string{"/livez", "http:8080/livez", "tcp:8080", "grpc:9000", `"true"`, `"false"`, "tcp:x"}},
	{"readiness", 2, []string{"/readyz", "http:8080/readyz", "tcp:8080", `"true"`, `"false"`}},
	{"startup", 6, []string{"/startz", `"true"`, `"false"`}},
	{"profile", 12, []string{"spring-boot", "redis", "none"}},
	{"startup-budget", 8, []string{"5m", "30s", "2m"}},
	{"restart-after", 8, []string{"50s", "80s"}},
	{"unready-after", 8, []string{"20s", "30s"}},
	{"host-header", 12, []string{"a.example"}},
	{"readiness.failureThreshold", 12, []string{`"6"`}},
	{"liveness.periodSeconds", 12, []string{`"10"`, `"30"`}},
	{"status", 12, []string{`"c0: nothing: no_port (v0.1.0)"`, `"c0: readiness tcp:8080 (v0.1.0)"`}},
}

func drawnAnnotations(random *rand.Rand) []string {
	var all []string
	for _, w := range words {
		if random.IntN(w.one) != 0 {
			continue
		}
		prefix := pick(random, "", "", "", "c0.")
		if w.word == "status" {
			prefix = ""
		}
		all = append(all, prefix+annotation.Domain+"/"+w.word+": "+pick(random, w.values...))
	}
	return all
}

func drawnContainer(out *strings.Builder, random *rand.Rand, pad string, index int) {
	fmt.Fprintf(out, "%s- name: c%d\n%s  image: %s\n", pad, index, pad, pick(random, "x", "nginx:1.29", "redis:8", "postgres:18", "envoyproxy/envoy:v1", "mysql:9"))
	if random.IntN(4) > 0 {
		fmt.Fprintf(out, "%s  ports:\n%s  - containerPort: %s\n", pad, pad, pick(random, "8080", "80", "9000", "3306"))
		if random.IntN(2) == 0 {
			fmt.Fprintf(out, "%s    name: %s\n", pad, pick(random, "http", "web", "grpc"))
		}
	}
	for _, kind := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
		if random.IntN(5) == 0 {
			fmt.Fprintf(out, "%s  %s:\n%s    tcpSocket:\n%s      port: 8080\n%s    periodSeconds: %s\n", pad, kind, pad, pad, pad, pick(random, "1", "10", "30"))
		}
	}
}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }
