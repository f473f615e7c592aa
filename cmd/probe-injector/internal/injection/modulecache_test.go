package injection

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// wholeCache makes the test look at every module that the machine has, in place of those that our go.mod requires by itself.
const wholeCache = "MODULE_CACHE"

// fewest are how many manifests with containers those modules have at least: k8s.io/api alone keeps all its kinds.
const fewest = 20

// TestManifestsOfOthers adds all three probes to every container of every manifest in the module cache, which hundreds of people
// wrote in as many styles: every line stays, and without the probes all is as it was.
func TestManifestsOfOthers(t *testing.T) {
	var seen tally
	for _, folder := range moduleFolders(t) {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case entry.IsDir() && isOldVersion(path):
				return fs.SkipDir
			case entry.Type().IsRegular() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
				seen.file(t, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("%d files with containers: %d probes added to %d files, %d files refused: %v\n", seen.files, seen.probes, seen.changed, seen.refused, seen.reasons)
	if seen.files > 0 && seen.files < fewest {
		t.Errorf("only %d files", seen.files)
	}
}

// isOldVersion reports whether a folder of k8s.io/api/testdata has what an older version of Kubernetes wrote: the same kinds again.
func isOldVersion(path string) bool {
	return filepath.Base(filepath.Dir(path)) == "testdata" && strings.HasPrefix(filepath.Base(path), "v1.")
}

// moduleFolders are those to walk.
func moduleFolders(t *testing.T) []string {
	t.Helper()
	if os.Getenv(wholeCache) != "" {
		cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
		if err != nil {
			t.Fatal(err)
		}
		return []string{strings.TrimSpace(string(cache))}
	}
	// Modules that are not downloaded have no folder.
	folders, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Dir}}{{end}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(folders))
}

// tally counts what was seen.
type tally struct {
	files, changed, refused, probes int
	reasons                         map[string]int
}

// file checks one file.
func (seen *tally) file(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte("containers")) {
		return
	}
	// What cannot be read is no case for us; most of it is templates.
	in, _ := manifest.Read(manifest.Files{Names: []string{path}})
	if len(in.Workloads) == 0 {
		return
	}
	seen.files++
	p := newPlanner(in, Options{})
	for i := range in.Workloads {
		p.add(&in.Workloads[i], toEveryContainer(&in.Workloads[i]))
	}
	if err := p.splice(); err != nil {
		seen.refused++
		seen.reason(err)
		return
	}
	s := &p.plan.Sources[0]
	for i := range s.Changes {
		seen.probes += len(s.Changes[i].Probes)
	}
	if len(s.Edits) > 0 {
		seen.changed++
		checkOnlyAdded(t, path, s)
	}
}

func (seen *tally) reason(err error) {
	if seen.reasons == nil {
		seen.reasons = map[string]int{}
	}
	for line := range strings.Lines(err.Error()) {
		for _, why := range []string{"flow style", "merge key", "repeats what", "lets other places", "something else, too", "without a value", "not in a mapping"} {
			if strings.Contains(line, why) {
				seen.reasons[why]++
				line = ""
			}
		}
		if line != "" {
			seen.reasons[line]++
		}
	}
}

// toEveryContainer are answers that add all probes to all containers that have none of the kind.
func toEveryContainer(w *manifest.Workload) []explanation.Answer {
	var a explanation.Answer
	for init, containers := range map[bool][]workload.Container{false: w.Pod.Spec.Containers, true: w.Pod.Spec.InitContainers} {
		for i := range containers {
			c := explanation.Container{Name: containers[i].Name, Init: init}
			for _, kind := range probe.Kinds() {
				if containers[i].Probe(kind) == nil && first(containers, i) {
					c.Probes = append(c.Probes, explanation.Probe{Field: kind.FieldName(), Value: &corev1.Probe{
						ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(1)}}, PeriodSeconds: 5,
					}})
				}
			}
			a.Containers = append(a.Containers, c)
		}
	}
	return []explanation.Answer{a}
}

// first reports whether no container before has the same name. The API server refuses a Pod in which one has.
func first(containers []workload.Container, index int) bool {
	return !slices.ContainsFunc(containers[:index], func(c workload.Container) bool { return c.Name == containers[index].Name })
}

// checkOnlyAdded holds a file against what it was.
func checkOnlyAdded(t *testing.T, path string, s *Source) {
	t.Helper()
	after := s.Text()
	rest := after
	for line := range bytes.Lines(s.Source.Text) {
		line = bytes.TrimRight(line, "\r\n")
		for {
			next, below, more := bytes.Cut(rest, []byte("\n"))
			rest = below
			if bytes.Equal(bytes.TrimRight(next, "\r"), line) {
				break
			}
			if !more {
				t.Fatalf("%s: the line %q is gone", path, line)
			}
		}
	}
	if before, now := documentsOf(t, s.Source.Text), documentsOf(t, after); !reflect.DeepEqual(before, now) {
		t.Fatalf("%s: without probes it is not as it was", path)
	}
}

// documentsOf are the documents of a source as they are read, without probes.
func documentsOf(t *testing.T, text []byte) []any {
	t.Helper()
	in, _ := manifest.Read(manifest.Files{Names: []string{manifest.Stdin}, Stdin: bytes.NewReader(text)})
	var all []any
	for _, d := range in.Sources[0].Documents {
		var document any
		part := bytes.TrimPrefix(bytes.TrimPrefix(text[d.Start:d.End], []byte("\ufeff")), []byte("---"))
		if err := yaml.Unmarshal(part, &document); err != nil {
			document = string(part)
		}
		all = append(all, withoutProbes(document))
	}
	return all
}

func withoutProbes(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			if _, isProbe := below.(map[string]any); isProbe && strings.HasSuffix(name, "Probe") {
				delete(value, name)
				continue
			}
			value[name] = withoutProbes(below)
		}
	case []any:
		for i := range value {
			value[i] = withoutProbes(value[i])
		}
	case float64:
		return fmt.Sprint(value)
	}
	return value
}
