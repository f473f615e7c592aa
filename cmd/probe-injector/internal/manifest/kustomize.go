package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// pipeIt is how a kustomization is read that this program does not build.
const pipeIt = "run kustomize build and give its output to -f -"

// kustomize builds a kustomization as "kustomize build" does, from local files alone: kustomize would fetch others, and verbs that
// read files connect to nobody.
func kustomize(dir string) (*Source, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, plain(dir, err)
	}
	file, err := (&localKustomization{seen: visited{}}).check(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root)
	if err != nil {
		return nil, fmt.Errorf("%s: kustomize says: %w", dir, err)
	}
	text, err := built.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("%s: kustomize says: %w", dir, err)
	}
	if len(text) > MaxSize {
		return nil, tooLarge(dir)
	}
	return &Source{Name: "kustomize build " + dir, Text: text, template: filepath.Join(dir, file)}, nil
}

// localKustomization makes sure that a kustomization, with all that it is made of, names local files alone.
type localKustomization struct{ seen visited }

// kustomization is the part of a kustomization that names files.
type kustomization struct {
	Resources, Bases, Components, CRDs, Configurations []string
	Generators, Transformers, Validators               []string
	PatchesStrategicMerge                              []string
	Patches, PatchesJSON6902                           []struct{ Path string }
	Replacements                                       []struct{ Path string }
	ConfigMapGenerator, SecretGenerator                []struct {
		Files, Envs []string
		Env         string
	}
	OpenAPI    struct{ Path string }
	HelmCharts []any
}

// check checks the kustomization in a folder, and gives the name of its file.
func (l *localKustomization) check(dir string) (file string, err error) {
	file, text, err := kustomizationIn(dir)
	if err != nil || !l.seen.enter(dir) {
		return file, err
	}
	var k kustomization
	if err := yaml.Unmarshal(text, &k); err != nil {
		return file, fmt.Errorf("%s: %w", file, err)
	}
	if len(k.HelmCharts) > 0 {
		return file, fmt.Errorf("%s: helmCharts are made by helm: %s", file, pipeIt)
	}
	plugins := slices.Concat(k.Generators, k.Transformers, k.Validators)
	for _, name := range slices.Concat(k.files(), plugins) {
		if err := l.checkEntry(dir, name, slices.Contains(plugins, name)); err != nil {
			return file, fmt.Errorf("%s: %w", file, err)
		}
	}
	return file, nil
}

// kustomizationIn reads the kustomization of a folder.
func kustomizationIn(dir string) (name string, text []byte, err error) {
	for _, s := range sourceFiles {
		if s.print != kustomizeBuild {
			continue
		}
		if text, err = readFile(filepath.Join(dir, s.name)); err == nil {
			return s.name, text, nil
		}
	}
	return "", nil, fmt.Errorf("no kustomization.yaml can be read in %s", dir)
}

// files are all that the kustomization names.
func (k *kustomization) files() []string {
	all := slices.Concat(k.Resources, k.Bases, k.Components, k.CRDs, k.Configurations, k.PatchesStrategicMerge, []string{k.OpenAPI.Path})
	for _, each := range slices.Concat(k.Patches, k.PatchesJSON6902, k.Replacements) {
		all = append(all, each.Path)
	}
	for _, each := range slices.Concat(k.ConfigMapGenerator, k.SecretGenerator) {
		all = append(all, each.Env)
		all = append(all, each.Envs...)
		for _, file := range each.Files {
			// KEY=FILE
			all = append(all, file[strings.IndexByte(file, '=')+1:])
		}
	}
	return all
}

// checkEntry checks one name. A text of several lines is no name, but what would stand in the file.
func (l *localKustomization) checkEntry(dir, name string, plugin bool) error {
	if name == "" || strings.Contains(name, "\n") {
		if plugin && strings.Contains(name, "://") {
			return fmt.Errorf("a plugin of it names something that is not here: %s", pipeIt)
		}
		return nil
	}
	path := filepath.Join(dir, name)
	if filepath.IsAbs(name) {
		path = name
	}
	info, err := os.Stat(path)
	if err != nil || strings.ContainsAny(name, ":@?") || strings.HasPrefix(strings.ToLower(name), "github.com/") {
		return fmt.Errorf("%s is no file or folder here, and nothing is fetched: %s", name, pipeIt)
	}
	if info.IsDir() {
		_, err := l.check(path)
		return err
	}
	if text, err := readFile(path); plugin && (err != nil || strings.Contains(string(text), "://")) {
		return fmt.Errorf("the plugin in %s may name something that is not here: %s", name, pipeIt)
	}
	return nil
}
