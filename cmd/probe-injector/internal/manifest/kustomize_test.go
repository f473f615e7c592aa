package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKustomizationsAreBuiltFromLocalFiles(t *testing.T) {
	base := map[string]string{"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": podNamed("web")}
	for name, row := range map[string]struct {
		files map[string]string
		want  []string
		err   string
	}{
		"a kustomization":          {nil, []string{"web"}, ""},
		"an overlay with a prefix": {map[string]string{"kustomization.yaml": "namePrefix: prod-\nresources: [base]\n"}, []string{"prod-web"}, ""},
		"a component, a patch and files": {map[string]string{
			"kustomization.yml": "resources: [base]\ncomponents: [c]\npatches: [{path: p.yaml}]\nconfigMapGenerator: [{name: c, files: [key=f.txt], literals: [\"u=https://x\"]}]\n",
			"c/Kustomization":   "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n", "f.txt": "http://x\n",
			"p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: {probe-injector.dev/inject: \"true\"}}\n",
		}, []string{"web-c"}, ""},
		"a remote file":                    {map[string]string{"kustomization.yaml": "resources: [base, \"https://example.com/x.yaml\"]\n"}, nil, "https://example.com/x.yaml is no file or folder here, and nothing is fetched: run kustomize build"},
		"a remote folder":                  {map[string]string{"kustomization.yaml": "resources: [github.com/a/b]\n"}, nil, "github.com/a/b is no file"},
		"a remote folder that is here":     {map[string]string{"kustomization.yaml": "resources: [github.com/a/b]\n", "github.com/a/b/kustomization.yaml": "resources: []\n"}, nil, "github.com/a/b is no file"},
		"by ssh":                           {map[string]string{"kustomization.yaml": "bases: [\"git@example.com:a/b\"]\n"}, nil, "git@example.com:a/b is no file"},
		"in the base":                      {map[string]string{"kustomization.yaml": "resources: [other]\n", "other/kustomization.yaml": "resources: [\"http://x/y\"]\n"}, nil, "http://x/y is no file"},
		"in a component":                   {map[string]string{"kustomization.yaml": "components: [c]\n", "c/kustomization.yaml": "kind: Component\nresources: [\"http://x/y\"]\n"}, nil, "http://x/y is no file"},
		"in a generator":                   {map[string]string{"kustomization.yaml": "configMapGenerator: [{name: c, files: [\"a=http://x/y\"]}]\n"}, nil, "http://x/y is no file"},
		"in a generator's own file":        {map[string]string{"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": "kind: ConfigMapGenerator\nfiles: [\"http://x/y\"]\n"}, nil, "the plugin in g.yaml may name something that is not here"},
		"in a generator within":            {map[string]string{"kustomization.yaml": "generators:\n- |\n  kind: ConfigMapGenerator\n  files: [\"http://x/y\"]\n"}, nil, "a plugin of it names something"},
		"in a patch":                       {map[string]string{"kustomization.yaml": "patches: [{path: \"http://x/y\"}]\n"}, nil, "http://x/y is no file"},
		"in the types of the API":          {map[string]string{"kustomization.yaml": "openapi: {path: \"http://x/y\"}\n"}, nil, "http://x/y is no file"},
		"a chart":                          {map[string]string{"kustomization.yaml": "helmCharts: [{name: x, repo: \"https://x\"}]\n"}, nil, "helmCharts are made by helm"},
		"a file that is not there":         {map[string]string{"kustomization.yaml": "resources: [none.yaml]\n"}, nil, "none.yaml is no file"},
		"no kustomization":                 {map[string]string{"a.yaml": podNamed("a")}, nil, "no kustomization.yaml can be read"},
		"one that kustomize does not take": {map[string]string{"kustomization.yaml": "resources: [base]\nnamePrefx: x\n"}, nil, "kustomize says: "},
		"a loop":                           {map[string]string{"kustomization.yaml": "resources: [base, other]\n", "other/kustomization.yaml": "resources: [../]\n"}, nil, "kustomize says: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, base)
			write(t, row.files)
			dir := "."
			if row.files == nil {
				dir = "base"
			}
			in, err := Read(Files{Kustomizations: []string{dir}, Namespace: "default"})
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) || !strings.HasPrefix(err.Error(), dir+": ") {
					t.Errorf("error %v, want %q", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, namesOf(in)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			at := in.Workloads[0].Position(nil)
			if at.File != "kustomize build "+dir || at.Line == 0 || !strings.Contains(at.Template, "ustomization") {
				t.Errorf("it stands at %+v", at)
			}
		})
	}
}
