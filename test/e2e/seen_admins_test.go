package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/images"
)

// adminMistake is an installation that does not work as it should, or does not do what its admin thinks.
type adminMistake struct {
	// before is done first, and values are those of the installation; it may take them from what before has made.
	before func(t *testing.T, r *release) (values string)
	// after is done when Helm is done.
	after func(t *testing.T, r *release)
	// looks are where the admin looks, in order.
	looks []look
	// isRefused reports that Helm fails.
	isRefused bool
}

// look is a command, and what of its output is about the mistake. It is repeated until there is something.
type look struct {
	command string
	run     func(t *testing.T, r *release) string
	about   string
}

// Where admins look.
func podsLook(about ...string) look {
	return look{"kubectl -n probe-injector get pods", func(t *testing.T, r *release) string {
		t.Helper()
		return r.kubectl(t, "get", "pods", "--namespace", releaseNamespace, "--no-headers", "--output",
			"custom-columns=READY:.status.containerStatuses[*].ready,REASON:.status.containerStatuses[*].state.*.reason")
	}, strings.Join(about, "")}
}

func eventsLook(about string) look {
	return look{"kubectl -n probe-injector describe pods", func(t *testing.T, r *release) string {
		t.Helper()
		return r.kubectl(t, "get", "events", "--namespace", releaseNamespace, "--no-headers", "--output", "custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message")
	}, about}
}

func logLook(about string) look {
	return look{"kubectl -n probe-injector logs deployment/probe-injector", func(t *testing.T, r *release) string {
		t.Helper()
		return r.kubectl(t, "logs", "--namespace", releaseNamespace, "--selector", "probe-injector.dev/component=webhook", "--tail=-1")
	}, about}
}

// readyLook is for servers that are ready: of an answer that is none of success kubectl shows no text.
func readyLook() look {
	return look{"kubectl get --raw /api/v1/namespaces/probe-injector/pods/POD:8081/proxy/readyz", func(t *testing.T, r *release) string {
		t.Helper()
		all := ""
		for _, pod := range r.pods(t) {
			output, _ := r.tryKubectl(t.Context(), nil, "get", "--raw", "/api/v1/namespaces/"+releaseNamespace+"/pods/"+pod.Name+":8081/proxy/readyz")
			all += output
		}
		return all
	}, "policy"}
}

// adminsMistakes are those of the pages for admins, by the names of their golden files.
func adminsMistakes() map[string]adminMistake {
	const wrongPolicy = "policy: {profiles: [{name: our-flask, class: slow, readiness: {handler: /ready}}]}\n"
	service := releaseName + "." + releaseNamespace + ".svc"
	notReady := []look{eventsLook("Readiness probe failed: HTTP"), logLook(`"not ready"`), podsLook()}
	values := func(text string) func(*testing.T, *release) string {
		return func(*testing.T, *release) string { return text }
	}
	return map[string]adminMistake{
		"a-certificate-of-another-name": {before: certificateOf(time.Hour, "webhook.example.com"), looks: notReady},
		"a-certificate-with-a-common-name-only": {before: func(t *testing.T, r *release) string {
			t.Helper()
			authority := newAuthority(t)
			leaf, err := authority.SignWithoutNames(time.Hour, service)
			if err != nil {
				t.Fatal(err)
			}
			r.putSecret(t, leaf)
			return existingSecret(authority.PEM())
		}, looks: notReady},
		"a-certificate-that-has-expired": {before: certificateOf(-30*time.Second, service), looks: notReady},
		"a-secret-that-is-not-there": {
			before: func(t *testing.T, _ *release) string { t.Helper(); return existingSecret(newAuthority(t).PEM()) },
			looks:  []look{eventsLook("FailedMount"), podsLook()},
		},
		"an-image-that-cannot-be-pulled": {before: values("image: {registry: registry.invalid}\n"), looks: []look{eventsLook("Failed to pull image"), podsLook("ImagePull")}},
		"a-policy-that-helm-refuses": {
			before: values("policy: {rules: [{name: team, profile: our-flsk}], profiles: [{name: our-flask, readiness: {handler: /ready}}]}\n"), isRefused: true,
		},
		"a-policy-that-the-check-refuses": {before: values(wrongPolicy), isRefused: true, looks: []look{{
			"kubectl -n probe-injector describe pod -l batch.kubernetes.io/job-name=probe-injector-policy-check",
			func(t *testing.T, r *release) string {
				t.Helper()
				return r.kubectl(t, "describe", "pod", "--namespace", releaseNamespace, "--selector", "batch.kubernetes.io/job-name=probe-injector-policy-check")
			}, "spec.profiles",
		}}},
		"a-policy-that-is-wrong-at-the-start": {before: values(wrongPolicy + "policyCheck: {enabled: false}\n"), after: isServed, looks: []look{logLook(`"the policy is wrong`), readyLook(), podsLook()}},
		"a-policy-that-is-wrong-at-a-reload": {before: values(""), after: func(t *testing.T, r *release) {
			t.Helper()
			r.waitUntilItAnswers(t)
			r.tries(t, wrongPolicy+"policyCheck: {enabled: false}\n")
			r.kubectl(t, "annotate", "pods", "--all", "--namespace", releaseNamespace, "looked-at=now")
		}, looks: []look{logLook(`"the policy was not reloaded`)}},
		"audit-mode": {before: values("policy: {mode: Audit}\npolicyCheck: {enabled: false}\n"), after: isServed, looks: []look{
			createLook("audit: would add"), logLook(`"result":"audit"`),
		}},
		"an-excluded-namespace": {before: values("excludedNamespaces: [default]\n"), after: isServed, looks: []look{createLook("created"), {
			"probe-injector explain --policy cluster -f pod.yaml", func(t *testing.T, r *release) string {
				t.Helper()
				command := exec.CommandContext(t.Context(), r.cli(t), "explain", "--policy", "cluster", "--namespace", "default", "--kubeconfig", r.kubeconfig, "-f", "-")
				command.Stdin = strings.NewReader(askingManifest(t))
				output, err := command.Output()
				if err != nil {
					t.Fatal(err)
				}
				return string(output)
			}, "Webhook",
		}}},
		"helm-test-without-a-webhook": {before: values("replicaCount: 0\n"), looks: []look{{
			"helm -n probe-injector test probe-injector --logs",
			func(t *testing.T, r *release) string {
				t.Helper()
				output, err := r.run(t.Context(), "test", releaseName, "--namespace", releaseNamespace, "--logs", "--timeout", "1m")
				if err == nil {
					t.Error("it passes")
				}
				return output
			}, "answer",
		}}},
	}
}

// certificateOf puts a certificate of the admin's for a name into his Secret.
func certificateOf(validity time.Duration, name string) func(t *testing.T, r *release) string {
	return func(t *testing.T, r *release) string {
		t.Helper()
		authority := newAuthority(t)
		leaf, err := authority.Sign(validity, name)
		if err != nil {
			t.Fatal(err)
		}
		r.putSecret(t, leaf)
		return existingSecret(authority.PEM())
	}
}

// putSecret makes the namespace of the release and puts a certificate there.
func (r *release) putSecret(t *testing.T, leaf *certificate.Leaf) {
	t.Helper()
	for _, object := range []any{
		corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: releaseNamespace}},
		corev1.Secret{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: adminsSecret},
			Type: corev1.SecretTypeTLS, Data: map[string][]byte{corev1.TLSCertKey: leaf.Certificate, corev1.TLSPrivateKeyKey: leaf.Key},
		},
	} {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"apply", "--filename", "-"}
		if _, isSecret := object.(corev1.Secret); isSecret {
			args = append(args, "--namespace", releaseNamespace)
		}
		if _, err := r.tryKubectl(t.Context(), strings.NewReader(string(text)), args...); err != nil {
			t.Fatal(err)
		}
	}
}

// isServed waits until the release is complete.
func isServed(t *testing.T, r *release) {
	t.Helper()
	r.kubectl(t, "rollout", "status", "--namespace", releaseNamespace, "deployment/"+releaseName, "--timeout=2m")
}

// createLook creates a Pod that asks, on dry run, as install.md says.
func createLook(about string) look {
	return look{"kubectl create -f pod.yaml --dry-run=server -o yaml", func(t *testing.T, r *release) string {
		t.Helper()
		output, err := r.tryKubectl(t.Context(), strings.NewReader(askingManifest(t)), "create", "--filename", "-", "--namespace", "default", "--dry-run=server")
		if err != nil {
			t.Fatal(err)
		}
		return output
	}, about}
}

// askingManifest is askingPod as a file.
func askingManifest(t *testing.T) string {
	t.Helper()
	text, err := yaml.Marshal(askingPod())
	if err != nil {
		t.Fatal(err)
	}
	return "apiVersion: v1\nkind: Pod\n" + string(text)
}

// TestFullWhatAdminsSee makes each mistake on an installation of its own, and looks where the pages say to look.
func TestFullWhatAdminsSee(t *testing.T) {
	theSuite.load(t, images.Webhook)
	for name, mistake := range adminsMistakes() {
		t.Run(name, func(t *testing.T) { theSuite.makes(t, mistake).expect(t, name) })
	}
}

func (s *suite) makes(t *testing.T, m adminMistake) *seen {
	t.Helper()
	r := s.toInstall(t, charttools.Helm4)
	view := &seen{}
	output, err := r.run(t.Context(), r.upgradeWith(t, m.before(t, r))...)
	switch {
	case m.isRefused && err == nil, !m.isRefused && err != nil:
		t.Fatalf("%v\n%s", err, output)
	case m.isRefused:
		view.command("helm upgrade --install probe-injector charts/probe-injector -n probe-injector -f values.yaml", output)
	}
	if m.after != nil {
		m.after(t, r)
	}
	for _, l := range m.looks {
		about := ""
		eventually(t, 2*time.Minute, l.command+" says something about "+l.about, func() error {
			about = grep(l.run(t, r), func(line string) bool { return strings.Contains(line, l.about) })
			if about == "" {
				return errors.New("not yet")
			}
			return nil
		})
		command := l.command
		if l.about != "" {
			command += " | grep '" + l.about + "'"
		}
		view.command(command, about)
	}
	return view
}
