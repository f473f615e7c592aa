package linters

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// What kube-score says about probes, as check and summary.
const (
	missingReadiness = "pod-probes: Container is missing a readinessProbe"
	missingLiveness  = "pod-probes: Container is missing a livenessProbe"
	identicalProbes  = "pod-probes-identical: Container has the same readiness and liveness probe"
)

// probeChecks are the checks of kube-score that are about probes.
func probeChecks() []string { return []string{"pod-probes", "pod-probes-identical"} }

// TestKubeScoreFindsOnlyWhatIsMeant shows kube-score every Deployment with our probes. It misses those that the
// catalogue or the person withholds, and calls two probes identical that ask the same with other times. Nothing else.
func TestKubeScoreFindsOnlyWhatIsMeant(t *testing.T) {
	all := workloads(t)
	before, after := map[string][]string{}, map[string][]string{}
	for _, run := range []struct {
		found  map[string][]string
		choose func(*askingDeployment) *appsv1.Deployment
	}{
		{before, func(w *askingDeployment) *appsv1.Deployment { return w.without }},
		{after, func(w *askingDeployment) *appsv1.Deployment { return w.with }},
	} {
		var deployments []*appsv1.Deployment
		for i := range all {
			deployments = append(deployments, run.choose(&all[i]))
		}
		kubeScore(t, deployments, run.found)
	}
	counts := map[string]int{}
	for i := range all {
		w := &all[i]
		got, others := split(after[w.object])
		if want := meant(w); !slices.Equal(got, want) {
			t.Errorf("%s: it finds %q, and not %q", w.name, got, want)
		}
		if _, earlier := split(before[w.object]); !slices.Equal(others, earlier) {
			t.Errorf("%s: we change other findings from %q to %q", w.name, earlier, others)
		}
		if bare, _ := split(before[w.object]); !slices.Equal(bare, []string{missingReadiness}) {
			t.Errorf("%s: without us it finds %q", w.name, bare)
		}
		counts[strings.Join(got, " | ")]++
	}
	t.Logf("kube-score found in %d Deployments: %v", len(all), counts)
	for _, finding := range []string{"", missingReadiness, missingLiveness, identicalProbes} {
		if counts[finding] == 0 {
			t.Errorf("no Deployment with the findings %q: it is not tested", finding)
		}
	}
}

// meant is what kube-score is bound to find in a Deployment with our probes.
func meant(w *askingDeployment) []string {
	findings := []string{}
	switch {
	case w.withheld.Has(probe.Readiness):
		// It looks no further when there is no readiness probe.
		findings = append(findings, missingReadiness)
	case w.withheld.Has(probe.Liveness):
		findings = append(findings, missingLiveness)
	}
	// It compares what is asked, never how often, and does not compare gRPC.
	if ready, _ := w.injected.Get(probe.Readiness); w.oneHandler() && ready.Handler.Scheme != probe.GRPC {
		findings = append(findings, identicalProbes)
	}
	return findings
}

// TestProbesOfOneHandlerDifferInTheirWindows is why it is right that kube-score calls them identical and we inject them
// all the same: a container is out of rotation for as long again before it is restarted.
func TestProbesOfOneHandlerDifferInTheirWindows(t *testing.T) {
	all, pairs := workloads(t), 0
	for i := range all {
		w := &all[i]
		if !w.oneHandler() {
			continue
		}
		pairs++
		live, _ := w.injected.Get(probe.Liveness)
		ready, _ := w.injected.Get(probe.Readiness)
		if l, r := live.Timing().Window(), ready.Timing().Window(); l < 2*r {
			t.Errorf("%s: liveness restarts after %d s, readiness drains after %d s", w.name, l, r)
		}
	}
	t.Logf("%d pairs of probes ask the same", pairs)
	if pairs == 0 {
		t.Error("no two probes ask the same: it is not tested")
	}
}

// TestKubeScoreFindsMistakes shows that kube-score looks: each of these is found.
func TestKubeScoreFindsMistakes(t *testing.T) {
	get := func(path string) *corev1.Probe {
		action := &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080)}
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: action}}
	}
	cases := map[string]struct {
		live, ready *corev1.Probe
		want        []string
	}{
		"no-probe":     {nil, nil, []string{missingReadiness}},
		"no-readiness": {get("/livez"), nil, []string{missingReadiness}},
		"no-liveness":  {nil, get("/readyz"), []string{missingLiveness}},
		"identical":    {get("/healthz"), get("/healthz"), []string{identicalProbes}},
		"no-mistake":   {get("/livez"), get("/readyz"), nil},
	}
	var deployments []*appsv1.Deployment
	for name, test := range cases {
		d := deployment(name, saying{ports: port("http", 8080)})
		d.Spec.Template.Spec.Containers[0].LivenessProbe, d.Spec.Template.Spec.Containers[0].ReadinessProbe = test.live, test.ready
		deployments = append(deployments, d)
	}
	found := map[string][]string{}
	kubeScore(t, deployments, found)
	for name, test := range cases {
		if got, _ := split(found[name]); !slices.Equal(got, test.want) {
			t.Errorf("%s: it finds %q, and not %q", name, got, test.want)
		}
	}
}

// TestTheReadmeNamesTheVersion keeps README.md in step with the version that is pinned. It also lets go test know that the
// file counts: it would not run again for what only kube-score reads.
func TestTheReadmeNamesTheVersion(t *testing.T) {
	pins, err := os.ReadFile("kube-score/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^\s*github\.com/zegl/kube-score (v\S+)`).FindSubmatch(pins)
	if version == nil {
		t.Fatal("kube-score/go.mod names no version")
	}
	if !bytes.Contains(readme, version[1]) {
		t.Errorf("README.md does not name %s", version[1])
	}
}

// TestKubeScoreHasNoOtherProbeChecks finds out when a newer kube-score looks at more.
func TestKubeScoreHasNoOtherProbeChecks(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(runKubeScore(t, nil, "list"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		if strings.Contains(strings.ToLower(strings.Join(row, " ")), "probe") {
			got = append(got, row[0])
		}
	}
	slices.Sort(got)
	if want := probeChecks(); !slices.Equal(got, want) {
		t.Errorf("its checks of probes are %q, and not %q", got, want)
	}
}

// split separates the findings about probes from the others.
func split(findings []string) (probes, others []string) {
	for _, finding := range findings {
		check, _, _ := strings.Cut(finding, ":")
		if slices.Contains(probeChecks(), check) {
			probes = append(probes, finding)
		} else {
			others = append(others, finding)
		}
	}
	return probes, others
}

// kubeScore adds what kube-score finds, under the names of the Deployments, sorted.
func kubeScore(t *testing.T, deployments []*appsv1.Deployment, found map[string][]string) {
	t.Helper()
	var scored []struct {
		TypeMeta struct {
			Kind string `json:"kind"`
		} `json:"type_meta"`
		ObjectMeta struct {
			Name string `json:"name"`
		} `json:"object_meta"`
		Checks []struct {
			Check struct {
				ID string `json:"id"`
			} `json:"check"`
			Grade    int  `json:"grade"`
			Skipped  bool `json:"skipped"`
			Comments []struct {
				Summary string `json:"summary"`
			} `json:"comments"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(runKubeScore(t, manifest(t, deployments), "score", "--output-format=json", "-"), &scored); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, object := range scored {
		if object.TypeMeta.Kind != "Deployment" {
			continue
		}
		seen++
		for _, check := range object.Checks {
			if slices.Contains(probeChecks(), check.Check.ID) && check.Skipped {
				t.Errorf("%s: kube-score skipped %s", object.ObjectMeta.Name, check.Check.ID)
			}
			for _, comment := range check.Comments {
				if !check.Skipped {
					found[object.ObjectMeta.Name] = append(found[object.ObjectMeta.Name], check.Check.ID+": "+comment.Summary)
				}
			}
		}
		slices.Sort(found[object.ObjectMeta.Name])
	}
	if seen != len(deployments) {
		t.Errorf("kube-score judged %d of %d Deployments", seen, len(deployments))
	}
}

// manifest is a stream of the Deployments with a Service each.
func manifest(t *testing.T, deployments []*appsv1.Deployment) []byte {
	t.Helper()
	var stream bytes.Buffer
	for _, d := range deployments {
		for _, object := range []any{d, service(d)} {
			text, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			stream.WriteString("---\n")
			stream.Write(text)
		}
	}
	return stream.Bytes()
}

// runKubeScore runs the program that the module in kube-score pins. It ends with 1 where it finds something.
func runKubeScore(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "kube-score"}, args...)...)
	cmd.Dir, cmd.Stdin = "kube-score", bytes.NewReader(input)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	output, err := cmd.Output()
	if err != nil && len(output) == 0 {
		t.Fatalf("kube-score: %v\n%s", err, complaints.Bytes())
	}
	return output
}
