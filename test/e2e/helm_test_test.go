package e2e

import (
	"strings"
	"testing"
)

// The cluster has no registry: helm test can only run what is there, which is our own image.

// TestHelmTest is helm test of the installation that tests share, by Helm 4, with what the Pod printed. Helm 3 removes a Pod
// that succeeded before it reads its log.
func TestHelmTest(t *testing.T) {
	t.Parallel()
	theSuite.installed(t).passesHelmTest(t, "The webhook answered: test: nothing: restart_policy", "--logs")
}

// passesHelmTests: under Fail the namespace of the release is excluded, and only the Service can be asked.
func (l *lifecycle) passesHelmTests(t *testing.T) { l.passesHelmTest(t, "Succeeded") }

func (r *release) passesHelmTest(t *testing.T, want string, more ...string) {
	t.Helper()
	arguments := append([]string{"test", releaseName, "--namespace", releaseNamespace, "--timeout", "1m"}, more...)
	output, err := r.run(t.Context(), arguments...)
	if err != nil || !strings.Contains(output, want) {
		t.Fatalf("it does not print %q: %v\n%s", want, err, output)
	}
	t.Log(output)
}
