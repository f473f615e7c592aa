package selfmanaged_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/certs/selfmanaged"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/permissions"
)

// TestOnARealAPIServer runs replicas inside the test and everything else for real: a kube-apiserver calls them, knows nobody's
// certificate, and lets them do exactly what permissions.Required says.
func TestOnARealAPIServer(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{})
	for _, name := range []string{releaseNamespace, "shop"} {
		if err := plane.CreateNamespace(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("both kinds of configurations", func(t *testing.T) { testConfigurationKinds(t, plane) })
	t.Run("a fresh installation", func(t *testing.T) { testFreshInstallation(t, plane) })
	t.Run("recovery", func(t *testing.T) { testRecovery(t, plane) })
	t.Run("rotation", func(t *testing.T) { testRotation(t, plane) })
	t.Run("the program", func(t *testing.T) { testProcess(t, plane) })
}

// testConfigurationKinds runs the test of certs/selfmanaged that needs what that package keeps to itself.
func testConfigurationKinds(t *testing.T, plane *controlplane.ControlPlane) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-tags=apiserver", "-run=^TestConfigurationKinds$", "./certs/selfmanaged")
	test.Dir, test.Env = root, append(os.Environ(), "KUBECONFIG="+plane.KubeconfigPath())
	output, err := test.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestConfigurationKinds/ValidatingWebhookConfiguration") {
		t.Errorf("%v\n%s", err, output)
	}
}

// testFreshInstallation holds the time from the start of three replicas to the first Pod that all of them have seen
// against 5 seconds; the machine may be busy, and 200 ms are usual.
func testFreshInstallation(t *testing.T, plane *controlplane.ControlPlane) {
	var worst time.Duration
	for n := range 5 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			begin := time.Now()
			install(t, plane, fmt.Sprintf("fresh-%d", n), 3, selfmanaged.DefaultLifetimes()).untilWhole()
			worst = max(worst, time.Since(begin))
		})
	}
	t.Logf("from nothing to trusted: %s, the worst of 5", worst.Round(time.Millisecond))
	if worst > 5*time.Second {
		t.Error("that is more than 5 s")
	}
}

func testRecovery(t *testing.T, plane *controlplane.ControlPlane) {
	l := selfmanaged.DefaultLifetimes()
	l.Hold = time.Second
	i := install(t, plane, "recovery", 2, l)
	i.untilWhole()
	now := time.Now()
	expired, ending := madeAt(t, now.Add(-l.CA-time.Minute), l), madeAt(t, now.Add(-l.CA*3/4), l)
	elsewhere, other := madeAt(t, now, l), madeAt(t, now, l)
	tests := []struct {
		name   string
		damage func()
		// refuses is whether calls may fail until it is repaired: the configuration itself is damaged.
		refuses bool
		// within is kept by one of three attempts: the machine has other things to do.
		within time.Duration
	}{
		{"an emptied Secret", func() { i.setSecret(nil) }, false, 10 * time.Second},
		{"a Secret of garbage", func() {
			i.setSecret(map[string][]byte{certificateKey: []byte("garbage"), privateKeyKey: []byte("garbage")})
		}, false, 10 * time.Second},
		{"a Secret with somebody else's certificate", func() {
			i.setSecret(map[string][]byte{
				certificateKey: elsewhere[certificateKey],
				privateKeyKey:  other[privateKeyKey],
			})
		}, false, 10 * time.Second},
		{"an authority that has expired", func() { i.setSecret(expired) }, false, 10 * time.Second},
		{"an authority that ends soon", func() { i.setSecret(ending) }, false, 10 * time.Second},
		{"an emptied bundle", func() { i.setBundles(`null`, 0) }, true, time.Second},
		{"all bundles emptied", func() { i.setBundles(`null`, 0, 1) }, true, time.Second},
		{"a bundle of garbage", func() { i.setBundles(`"Z2FyYmFnZQ=="`, 1) }, true, time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for attempts := 1; ; attempts++ {
				stop := i.load()
				test.damage()
				took := i.untilWhole()
				creates, refused := stop()
				t.Logf("%s: whole again after %s; %d Pods created meanwhile", test.name, took.Round(time.Millisecond), creates)
				if refused != nil && !test.refuses {
					t.Errorf("a Pod was refused: %v", refused)
				}
				if took <= test.within {
					return
				}
				if attempts == 3 {
					t.Fatalf("that is more than %s each time", test.within)
				}
			}
		})
	}
	t.Run("a deleted Secret that we may not make again costs nothing, and is filled when it is put back", func(t *testing.T) {
		stop := i.load()
		if err := i.Client().CoreV1().Secrets(releaseNamespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		i.putSecretBack(t)
		t.Logf("whole again %s after it was put back", i.untilWhole().Round(time.Millisecond))
		if _, refused := stop(); refused != nil {
			t.Errorf("a Pod was refused: %v", refused)
		}
	})
	t.Run("a deleted Secret that we may make again is", func(t *testing.T) {
		i.mayCreate(t)
		stop := i.load()
		if err := i.Client().CoreV1().Secrets(releaseNamespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Logf("whole again after %s", i.untilWhole().Round(time.Millisecond))
		if _, refused := stop(); refused != nil {
			t.Errorf("a Pod was refused: %v", refused)
		}
	})
}

func (i *installation) putSecretBack(t *testing.T) {
	t.Helper()
	_, err := i.Client().CoreV1().Secrets(releaseNamespace).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// mayCreate adds the permission that permissions.Recreate describes.
func (i *installation) mayCreate(t *testing.T) {
	t.Helper()
	roles := i.Client().RbacV1().Roles(releaseNamespace)
	role, err := roles.Get(t.Context(), i.configuration, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	role.Rules = append(role.Rules, permissions.Recreate())
	if _, err := roles.Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// testRotation lets three replicas renew certificates every two seconds and the authority every six, while Pods are
// created that each verify all three.
func testRotation(t *testing.T, plane *controlplane.ControlPlane) {
	l := selfmanaged.DefaultLifetimes()
	l.CA, l.Leaf, l.Hold = 9*time.Second, 3*time.Second, 500*time.Millisecond
	i := install(t, plane, "rotation", 3, l)
	i.untilWhole()
	stop := i.load()
	authorities, leaves := map[string]bool{}, map[string]bool{}
	// Thirteen seconds are enough on a machine with nothing else to do.
	rotated := func() bool { return len(authorities) >= 3 && len(leaves) >= 12 }
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && !rotated(); time.Sleep(50 * time.Millisecond) {
		for _, r := range i.replicas {
			served := r.serving(t)
			authorities[string(served.AuthorityKeyId)], leaves[served.SerialNumber.String()] = true, true
		}
	}
	creates, refused := stop()
	t.Logf("%d Pods created over %d certificates of %d authorities", creates, len(leaves), len(authorities))
	if refused != nil {
		t.Errorf("a Pod was refused: %v", refused)
	}
	if !rotated() {
		t.Error("that is less than the lifetimes promise")
	}
}
