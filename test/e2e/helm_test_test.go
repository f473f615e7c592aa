package e2e

import (
	"strings"
	"testing"
)

// The cluster has no registry: helm test can only run what is there, which is our own image.
const (
	answered  = "The webhook answered: test: nothing: restart_policy"
	listening = "The webhook listens at probe-injector.probe-injector.svc:443"
)

// TestHelmTest is helm test of the installation that tests share, by Helm 4.
func TestHelmTest(t *testing.T) {
	theSuite.installed(t).passesHelmTest(t, answered)
}

func (l *lifecycle) passesHelmTestUnderIgnore(t *testing.T) { l.passesHelmTest(t, answered) }

// passesHelmTestUnderFail: the namespace of the release is excluded then, so that only the Service can be asked.
func (l *lifecycle) passesHelmTestUnderFail(t *testing.T) { l.passesHelmTest(t, listening) }

func (r *release) passesHelmTest(t *testing.T, want string) {
	t.Helper()
	output, err := r.run(t.Context(), "test", releaseName, "--namespace", releaseNamespace, "--logs", "--timeout", "1m")
	if err != nil || !strings.Contains(output, want) {
		t.Fatalf("it does not print %q: %v\n%s", want, err, output)
	}
	t.Log(output)
}
