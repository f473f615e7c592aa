package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/cluster"
	"github.com/probe-injector/probe-injector/test/images"
)

// suite is the cluster that the tests run on. There is one for all of them.
type suite struct {
	kubeconfig string
	config     *rest.Config
	client     kubernetes.Interface
	// node is what the machine knows of the cluster's nodes, nil if the cluster is not of this machine.
	node *cluster.State

	mutex  sync.Mutex
	loaded map[string]bool
	shared *release

	table table
}

// theSuite is set by TestMain and never after it: Go's tests have no other way to share what is costly.
var theSuite *suite

func TestMain(m *testing.M) {
	os.Exit(run(m)) //nolint:forbidigo // This is the main of a test.
}

// run is all of TestMain but the exit, which defers do not survive.
func run(m *testing.M) int {
	s, err := newSuite()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	theSuite = s
	code := m.Run()
	err = s.table.print(os.Stdout)
	if s.shared != nil {
		err = errors.Join(err, s.shared.end(context.Background()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return code
}

func newSuite() (*suite, error) {
	s := &suite{kubeconfig: os.Getenv("E2E_KUBECONFIG"), loaded: map[string]bool{}}
	if s.kubeconfig == "" {
		return nil, errors.New("these tests need a cluster: make e2e starts one, and $E2E_KUBECONFIG names another")
	}
	var err error
	if s.config, err = clientcmd.BuildConfigFromFlags("", s.kubeconfig); err != nil {
		return nil, fmt.Errorf("reading $E2E_KUBECONFIG: %w", err)
	}
	s.config.QPS = -1
	if s.client, err = kubernetes.NewForConfig(s.config); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if path := os.Getenv("E2E_CLUSTER_STATE"); path != "" {
		state, err := cluster.ReadState(path)
		if err != nil {
			return nil, err
		}
		s.node = &state
	}
	return s, nil
}

// needNode returns what the machine knows of the nodes, and skips the test on a cluster of somebody else.
func (s *suite) needNode(t *testing.T) cluster.State {
	t.Helper()
	if s.node == nil {
		t.Skip("this needs the node itself, which $E2E_KUBECONFIG does not give")
	}
	return *s.node
}

// lacks skips the test on a cluster of somebody else that has not what the test needs. Our own has everything: there it
// fails, so that no skip can hide a gap.
func (s *suite) lacks(t *testing.T, what string) {
	t.Helper()
	if s.node != nil {
		t.Fatal(what)
	}
	t.Skip(what)
}

// load makes an image and gives it to the cluster, once.
func (s *suite) load(t *testing.T, build func(context.Context) (images.Image, error)) images.Image {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	image, err := build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.loaded[image.Reference] {
		return image
	}
	if err := s.give(t.Context(), image); err != nil {
		t.Fatal(err)
	}
	s.loaded[image.Reference] = true
	return image
}

func (s *suite) give(ctx context.Context, image images.Image) error {
	if s.node != nil {
		return s.node.Import(ctx, image.Archive)
	}
	loader := strings.Fields(os.Getenv("E2E_IMAGE_LOADER"))
	if len(loader) == 0 {
		return fmt.Errorf("the cluster needs the image %s: set $E2E_IMAGE_LOADER to a command that loads an archive, such as"+
			` "kind load image-archive", or to "true" if it has the image`, image.Reference)
	}
	output, err := exec.CommandContext(ctx, loader[0], append(loader[1:], image.Archive)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", strings.Join(loader, " "), image.Archive, err, output)
	}
	return nil
}

// kubectl runs the real kubectl and returns what it printed, warnings included. It ends the test if that fails.
func (s *suite) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	output, err := s.tryKubectl(t.Context(), nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// apply applies manifests to a namespace.
func (s *suite) apply(t *testing.T, namespace, manifests string) string {
	t.Helper()
	output, err := s.tryKubectl(t.Context(), strings.NewReader(manifests), "apply", "--namespace", namespace, "--filename", "-")
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func (s *suite) tryKubectl(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	path, err := binaries.Kubernetes(ctx, "", "kubectl")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	var output bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &output, &output
	if err := cmd.Run(); err != nil {
		return output.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, output.String())
	}
	return output.String(), nil
}

// namespace makes a namespace that lives as long as the test. Its name begins with the prefix.
func (s *suite) namespace(t *testing.T, prefix string, labels map[string]string) string {
	t.Helper()
	created, err := s.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-", Labels: labels},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.show(t, created.Name)
		}
		// Nobody waits until it is gone, so its Pods need no graceful end.
		err := s.client.CoreV1().Namespaces().Delete(context.Background(), created.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("deleting the namespace %s: %v", created.Name, err)
		}
	})
	eventually(t, 30*time.Second, created.Name+" has its ServiceAccount", func() error {
		_, err := s.client.CoreV1().ServiceAccounts(created.Name).Get(t.Context(), "default", metav1.GetOptions{})
		return err
	})
	return created.Name
}

// restricted is the label of a namespace that admits only what Pod Security "restricted" allows.
func restricted() map[string]string {
	return map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
}

// show logs what people look at first when something in a namespace went wrong.
func (s *suite) show(t *testing.T, namespace string) {
	t.Helper()
	for _, args := range [][]string{
		{"get", "pods", "--output", "wide"},
		{"get", "events", "--sort-by", ".lastTimestamp"},
	} {
		output, err := s.tryKubectl(context.Background(), nil, append(args, "--namespace", namespace)...)
		t.Logf("%s %v\n%s", namespace, err, output)
	}
}

// eventually waits until something holds, and ends the test if it does not in time.
func eventually(t *testing.T, timeout time.Duration, what string, holds func() error) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s: %v", timeout, what, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
