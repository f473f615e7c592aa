package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/images"
	"github.com/probe-injector/probe-injector/test/pages"
)

// repository is what the pages clone.
const repository = "https://github.com/probe-injector/probe-injector"

// TestFullPages runs the commands of the pages as a new admin does, from an empty folder on, and compares what they print
// with what the pages show; see the package pages. It prints how long each took. With UPDATE=1 it writes what the run with Helm
// 4 printed into the pages, and into the record that "make verify" reads.
func TestFullPages(t *testing.T) {
	theSuite.needNode(t)
	for _, tool := range []charttools.Tool{charttools.Helm4, charttools.Helm3} {
		t.Run(string(tool), func(t *testing.T) { newReader(t, tool).reads(t) })
	}
}

// reader is an admin who reads the pages and does what they say.
type reader struct {
	root   string
	record string
	// updates has what was printed written into the pages and kept in the record. Both Helms have to print what a page shows:
	// one of them writes it.
	updates bool
	runner  *pages.Runner
}

func newReader(t *testing.T, tool charttools.Tool) *reader {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	home, folder := t.TempDir(), t.TempDir()
	s := &pagesStage{suite: theSuite, t: t, root: root, folder: filepath.Join(folder, "probe-injector")}
	environment := append(os.Environ(), s.environment(t, tool, home)...)
	shell, err := pages.NewShell(folder, home, environment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shell.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Fresh(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r := &reader{
		root: root, record: filepath.Join(root, "test", "pages", "testdata", "record.txt"),
		updates: os.Getenv("UPDATE") != "" && tool == charttools.Helm4, runner: &pages.Runner{Shell: shell, Stage: s, Folder: s.folder},
	}
	if r.updates {
		// What the pages show is expected to be wrong.
		r.runner.LookTimeout = 8 * time.Second
	}
	return r
}

// reads takes one page after the other.
func (r *reader) reads(t *testing.T) {
	for _, path := range pages.List() {
		read, err := pages.Read(r.root, []string{path})
		if err != nil {
			t.Fatal(err)
		}
		results, err := r.runner.Run(t.Context(), read[0])
		t.Log(times(read[0], results))
		if err != nil {
			t.Error(err)
			continue
		}
		r.judge(t, read[0], results)
	}
}

// judge reports what was not as a page says, or corrects the page and keeps what was printed. What ended with another code
// cannot be corrected here.
func (r *reader) judge(t *testing.T, page pages.Page, results []pages.Result) {
	t.Helper()
	wrong := false
	for _, result := range results {
		switch {
		case result.Failure == "":
		case r.updates && !result.Broken:
			t.Log("the page was corrected: " + result.Failure)
		default:
			wrong = true
			t.Error(result.Failure)
		}
	}
	if r.updates {
		if err := pages.Update(r.root, page, results); err != nil {
			t.Fatal(err)
		}
	}
	if r.updates && !wrong {
		if err := pages.Keep(r.record, page, results); err != nil {
			t.Fatal(err)
		}
	}
}

// times is a table of the commands of a page and how long each took, with their sum.
func times(page pages.Page, results []pages.Result) string {
	var b strings.Builder
	var sum time.Duration
	fmt.Fprintf(&b, "%s\n", page.Path)
	for _, result := range results {
		sum += result.Took
		command, _, _ := strings.Cut(result.Text, "\n")
		fmt.Fprintf(&b, "%7.1f s  line %3d  %s\n", result.Took.Seconds(), result.Line, command)
	}
	fmt.Fprintf(&b, "%7.1f s  in all\n", sum.Seconds())
	return b.String()
}

// pagesStage is our own cluster, from which everything may be removed.
type pagesStage struct {
	*suite
	t      *testing.T
	root   string
	folder string
	helm   string
}

// environment is what a reader has: Helm, kubectl and a kubeconfig, Go with its caches, and a repository to clone.
func (s *pagesStage) environment(t *testing.T, tool charttools.Tool, home string) []string {
	t.Helper()
	kubectl, err := binaries.Kubernetes(t.Context(), "", "kubectl")
	if err != nil {
		t.Fatal(err)
	}
	if s.helm, err = charttools.Path(t.Context(), tool); err != nil {
		t.Fatal(err)
	}
	programs := filepath.Join(home, "programs")
	if err := os.Mkdir(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"kubectl": kubectl, "helm": s.helm} {
		if err := os.Symlink(path, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	return []string{
		"PATH=" + programs + ":" + os.Getenv("PATH"), "KUBECONFIG=" + s.kubeconfig,
		"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home, "NO_COLOR=1",
		// git clone brings what is here, whatever is committed.
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_VALUE_0=" + repository, "GIT_CONFIG_KEY_0=url.file://" + s.snapshot(t, home) + ".insteadOf",
	}
}

// snapshot is a repository with one commit more than ours: what is in its working tree now.
func (s *pagesStage) snapshot(t *testing.T, home string) string {
	t.Helper()
	bare := filepath.Join(home, "snapshot.git")
	script := fmt.Sprintf(`set -e
git init --quiet --bare %[1]s
export GIT_INDEX_FILE=%[1]s/snapshot-index GIT_ALTERNATE_OBJECT_DIRECTORIES="$(git rev-parse --path-format=absolute --git-common-dir)/objects" GIT_OBJECT_DIRECTORY=%[1]s/objects
git add --all
git --git-dir=%[1]s update-ref refs/heads/main "$(git -c user.name=test -c user.email=test@localhost commit-tree -p HEAD -m snapshot "$(git write-tree)")"
git --git-dir=%[1]s symbolic-ref HEAD refs/heads/main
echo "$GIT_ALTERNATE_OBJECT_DIRECTORIES" > %[1]s/objects/info/alternates
`, bare)
	command := exec.CommandContext(t.Context(), "bash", "-c", script)
	command.Dir = s.root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("a repository of what is here: %v\n%s", err, output)
	}
	return bare
}

// Give makes what a page takes for granted.
func (s *pagesStage) Give(ctx context.Context, name string) error {
	switch name {
	case "caches":
		// What was built before, and the program that stands for "make e2e-up".
		return s.shell(ctx, s.folder, "mkdir -p bin && ln -s "+s.root+"/.cache .cache && ln -s "+s.root+"/bin/e2e-cluster bin/e2e-cluster")
	case "import of webhook.tar":
		// What "kind load image-archive" does on kind.
		return s.node.Import(ctx, filepath.Join(s.folder, "webhook.tar"))
	case "installed":
		return s.shell(ctx, s.folder, s.helm+" install probe-injector charts/probe-injector --namespace probe-injector --create-namespace --values values.yaml --wait")
	case "cert-manager":
		s.withCertManager(s.t, charttools.Helm4)
		return nil
	}
	s.load(s.t, images.Target)
	output, err := s.tryKubectl(ctx, nil, "apply", "--filename", filepath.Join(s.root, "test", "pages", "testdata", name+".yaml"))
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

// Fresh removes all that was installed and made.
func (s *pagesStage) Fresh(ctx context.Context) error {
	return s.shell(ctx, s.root, `set -e
kubectl --namespace probe-injector delete deployments --all --wait=false
kubectl --namespace probe-injector delete pods --all --grace-period=1 --wait=false
for release in $(`+s.helm+` list --all-namespaces --short --filter '^probe-injector$'); do `+s.helm+` uninstall "$release" --namespace probe-injector --wait; done
kubectl delete mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings \
  --selector app.kubernetes.io/name=probe-injector --ignore-not-found
kubectl --namespace default delete deployments,services,pods --selector '!component' --ignore-not-found --grace-period=1
kubectl get namespaces --output name | grep -vE '/(default|kube-.*|cert-manager)$' | xargs --no-run-if-empty kubectl delete --timeout=2m
`)
}

func (s *pagesStage) shell(ctx context.Context, folder, script string) error {
	kubectl, err := binaries.Kubernetes(ctx, "", "kubectl")
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "bash", "-c", script)
	command.Dir = folder
	command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "PATH="+filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}
