package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/images"
)

const (
	// releaseNamespace and releaseName are as docs/install.md writes them.
	releaseNamespace, releaseName = "probe-injector", "probe-injector"
	// helmTimeout is how long an installation may take until all its Pods are Ready.
	helmTimeout = "3m"
)

// release is an installation of the packaged chart by one of the Helms.
type release struct {
	*suite
	helm string
	// chart is the archive that helm package made.
	chart       string
	environment []string
}

// install installs the chart with values, waits until it is complete, and uninstalls it when the test ends.
func (s *suite) install(t *testing.T, tool charttools.Tool, values string) *release {
	t.Helper()
	s.load(t, images.Webhook)
	r := s.toInstall(t, tool)
	r.upgrade(t, values)
	return r
}

// toInstall is a release of the packaged chart that is not installed yet, and is uninstalled when the test ends.
func (s *suite) toInstall(t *testing.T, tool charttools.Tool) *release {
	t.Helper()
	if s.shared != nil {
		t.Fatal("this would take away the installation that tests share: a test that uses that one has to call t.Parallel")
	}
	r, err := s.newRelease(t.Context(), tool, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.show(t, releaseNamespace)
		}
		if err := r.uninstall(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// installed is the installation that tests share: by Helm 4, with the chart's defaults. It stays until all are over.
func (s *suite) installed(t *testing.T) *release {
	t.Helper()
	s.load(t, images.Webhook)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.shared != nil {
		return s.shared
	}
	home, err := os.MkdirTemp("", "probe-injector-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.newRelease(t.Context(), charttools.Helm4, home)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if s.shared == nil {
			// upgrade ended the test, and what it began is nobody's.
			if err := r.end(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}()
	r.upgrade(t, sharedValues)
	s.shared = r
	return r
}

// end uninstalls the installation that tests share and removes its files.
func (r *release) end(ctx context.Context) error {
	return errors.Join(r.uninstall(ctx), os.RemoveAll(filepath.Dir(r.chart)))
}

// newRelease finds Helm and packages the chart.
func (s *suite) newRelease(ctx context.Context, tool charttools.Tool, home string) (*release, error) {
	program, err := charttools.Path(ctx, tool)
	if err != nil {
		return nil, err
	}
	root, err := checkout.Root()
	if err != nil {
		return nil, err
	}
	r := &release{suite: s, helm: program, environment: append(os.Environ(),
		"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+s.kubeconfig,
	)}
	r.chart, err = r.pack(ctx, filepath.Join(root, "charts", "probe-injector"), home)
	return r, err
}

// pack packages a chart into an archive in the folder and returns its path.
func (r *release) pack(ctx context.Context, chart, folder string) (string, error) {
	if _, err := r.run(ctx, "package", chart, "--destination", folder); err != nil {
		return "", err
	}
	packaged, err := filepath.Glob(filepath.Join(folder, "probe-injector-*.tgz"))
	if err != nil || len(packaged) != 1 {
		return "", fmt.Errorf("helm package made %v: %w", packaged, err)
	}
	return packaged[0], nil
}

// run runs Helm and returns what it printed.
func (r *release) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, r.helm, args...)
	cmd.Env = r.environment
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return output.String(), fmt.Errorf("helm %s: %w: %s", strings.Join(args, " "), err, output.String())
	}
	return output.String(), nil
}

// upgrade brings the release to the values, whether it is there or not, and returns when all its Pods are Ready. The
// arguments go to Helm.
func (r *release) upgrade(t *testing.T, values string, args ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{
		"upgrade", "--install", releaseName, r.chart, "--namespace", releaseNamespace, "--create-namespace",
		"--values", file, "--wait", "--timeout", helmTimeout,
	}, args...)
	if output, err := r.run(t.Context(), args...); err != nil {
		r.show(t, releaseNamespace)
		t.Fatalf("%v\n%s", err, output)
	}
	r.waitUntilItAnswers(t)
}

// waitUntilItAnswers returns when a Pod that asks gets its probes. The API server learns of entries and bundles a
// moment after they are written.
func (r *release) waitUntilItAnswers(t *testing.T) {
	t.Helper()
	eventually(t, time.Minute, "a Pod that asks gets its probes", func() error {
		return r.creates(t.Context(), metav1.NamespaceDefault)
	})
}

// creates makes a Pod that asks for probes, on dry run, and returns an error if it is refused or gets none.
func (s *suite) creates(ctx context.Context, namespace string) error {
	created, err := s.client.CoreV1().Pods(namespace).Create(ctx, askingPod(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return fmt.Errorf("creating a Pod: %w", err)
	}
	if container := created.Spec.Containers[0]; container.LivenessProbe == nil || container.StartupProbe == nil || container.ReadinessProbe == nil {
		return errNotInjected
	}
	return nil
}

// uninstall removes the release and its namespace, and waits until both are gone, so that the next one begins anew.
func (r *release) uninstall(ctx context.Context) error {
	if _, err := r.run(ctx, "uninstall", releaseName, "--namespace", releaseNamespace, "--ignore-not-found", "--wait"); err != nil {
		return err
	}
	_, err := r.tryKubectl(ctx, nil, "delete", "namespace", releaseNamespace, "--ignore-not-found", "--timeout=90s")
	return err
}

// pods lists the Pods of our webhook.
func (r *release) pods(t *testing.T) []corev1.Pod {
	t.Helper()
	list, err := r.client.CoreV1().Pods(releaseNamespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: "probe-injector.dev/component=webhook",
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}
