package resilience

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/server"
)

// plan says what is installed. The zero value is one server with a certificate from files.
type plan struct {
	// values are laid over the chart's, YAML in block style. The key tls is ours.
	values string
	// namespace is where it is installed to, probe-injector if it is empty.
	namespace string
	// timeoutSeconds is how long the API server waits for an answer, where values do not say anything of the webhook; what
	// the chart says if it is 0.
	timeoutSeconds int
	// selfManaged lets the servers make their certificates, as the chart does by default.
	selfManaged bool
	// authority, if it is not nil, is in the Secret before the first server starts, and not made by the servers.
	authority *forgery
	// replicas is how many servers run; one if it is 0.
	replicas int
	// drain is how long a server serves after SIGTERM; what the chart says if it is 0.
	drain time.Duration
	// args are added to each server's arguments, env to its environment.
	args, env []string
	// fault breaks the servers, or shortens the life of their certificates; see cmd/webhook/fault_injection.go.
	fault string
	// program is another build of the server, if it is not empty.
	program string
	// works is the namespace in which Pods show that it works; plain if it is empty.
	works string
}

// patience are the seconds that an API server waits where a test is about what is lost, and not about how fast answers are: a
// busy machine may do nothing else for longer than the chart's three. The API server itself gives up after 34.
const patience = 10

// release is an installation of our chart: its objects, and processes in place of its Pods.
type release struct {
	*cluster
	plan     plan
	rendered *chart.Rendered
	// options are those of each server.
	options server.Options
	// logged is how much the API server had logged before the release was there, and for install before it worked.
	logged int
	// installing are the failed calls from before install had the release working.
	installing map[string]int

	mutex sync.Mutex
	// servers run, the oldest first; leaving are those of them that are about to end.
	servers, leaving []*server.Server
	// complaints are what ended servers said of handshakes that failed.
	complaints []string
	// errors are what went wrong in the background.
	errors     []error
	background sync.WaitGroup
}

// install installs a release with all of its objects and servers, and returns when Pods get their probes from it.
func (c *cluster) install(t *testing.T, p plan) *release {
	t.Helper()
	r := c.prepare(t, p)
	r.apply(t)
	r.startAll(t)
	r.works(t)
	// Until it works, the API server may not know the endpoints yet, and says so. Every other failure counts.
	r.installing = c.failures(r.logged)
	maps.DeleteFunc(r.installing, func(why string, _ int) bool { return strings.Contains(why, "no endpoints available") })
	r.logged = len(c.log())
	return r
}

// prepare does everything that comes before an installation.
func (c *cluster) prepare(t *testing.T, p plan) *release {
	t.Helper()
	p.namespace, p.replicas = cmp.Or(p.namespace, "probe-injector"), cmp.Or(p.replicas, 1)
	r := &release{cluster: c, plan: p, logged: len(c.log())}
	build := server.Build
	if p.fault != "" {
		build = server.BuildWithFaults
	}
	program, err := p.program, error(nil)
	if program == "" {
		program, err = build(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	r.options = server.Options{Program: program, Host: c.host, Fault: p.fault, Env: p.env}
	if !p.selfManaged {
		if r.options.Authority, err = certificate.NewAuthority("certificate authority of a test"); err != nil {
			t.Fatal(err)
		}
	}
	r.render(t, p.values)
	if err := c.CreateNamespace(t.Context(), p.namespace, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.end(t) })
	return r
}

// render renders the chart with the values and takes from the Deployment how servers are started.
func (r *release) render(t *testing.T, values string) {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Namespace: r.plan.namespace, Values: r.values(t, values)})
	if err != nil {
		t.Fatal(err)
	}
	r.rendered = rendered
	if r.options.Policy, err = rendered.PolicyFile(); err != nil {
		t.Fatal(err)
	}
	deployment, err := rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	r.options.Args = nil
	for _, arg := range container.Args {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "--policy", "--cert-dir", "--listen-address", "--health-address", "--metrics-address":
			// A process has its own.
		case "--dns-names":
			r.options.DNSNames = strings.Split(value, ",")
		default:
			r.options.Args = append(r.options.Args, arg)
		}
	}
	if r.plan.drain != 0 {
		r.options.Args = append(r.options.Args, "--drain-duration="+r.plan.drain.String())
	}
	r.options.Args = append(r.options.Args, r.plan.args...)
	r.options.Env = slices.Clone(r.plan.env)
	for _, variable := range container.Env {
		r.options.Env = append(r.options.Env, variable.Name+"="+variable.Value)
	}
}

// values are the values of an installation with the mode of certificates that is planned.
func (r *release) values(t *testing.T, values string) string {
	t.Helper()
	if r.plan.timeoutSeconds != 0 {
		values += fmt.Sprintf("\nwebhook: {timeoutSeconds: %d}\n", r.plan.timeoutSeconds)
	}
	if r.plan.selfManaged {
		return values
	}
	bundle, err := json.Marshal(string(r.options.Authority.PEM()))
	if err != nil {
		t.Fatal(err)
	}
	return values + "\ntls: {mode: existing-secret, existingSecret: {name: files, caBundle: " + string(bundle) + "}}\n"
}

// apply creates the objects of the release.
func (r *release) apply(t *testing.T) {
	t.Helper()
	objects, err := r.rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if err := r.create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	if r.plan.authority != nil {
		secretBecomes(r.plan.authority.secret)(t, r)
	}
	if r.plan.selfManaged {
		if r.options.Kubeconfig, err = r.writeKubeconfig(t); err != nil {
			t.Fatal(err)
		}
	}
}

// serviceAccount is as whom the servers call the API server.
func (r *release) serviceAccount(t *testing.T) string {
	t.Helper()
	deployment, err := r.rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	return deployment.Spec.Template.Spec.ServiceAccountName
}

// writeKubeconfig writes the kubeconfig of the chart's ServiceAccount, which may do what the chart grants it and nothing
// more.
func (r *release) writeKubeconfig(t *testing.T) (string, error) {
	t.Helper()
	request := &authenticationv1.TokenRequest{}
	token, err := r.Client().CoreV1().ServiceAccounts(r.plan.namespace).CreateToken(t.Context(), r.serviceAccount(t), request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	admin := r.RESTConfig()
	config := clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: admin.Host, CertificateAuthorityData: admin.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"server": {Token: token.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "server", Namespace: r.plan.namespace}},
		CurrentContext: "test",
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	return path, clientcmd.WriteToFile(config, path)
}

// startAll starts the servers at the same time, each with its endpoint as soon as it is ready.
func (r *release) startAll(t *testing.T) {
	t.Helper()
	var starting sync.WaitGroup
	failures := make([]error, r.plan.replicas)
	for n := range r.plan.replicas {
		starting.Go(func() {
			started, err := r.start(t.Context())
			if err == nil {
				err = r.publish(t.Context(), started)
			}
			failures[n] = err
		})
	}
	starting.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

// start starts a server and returns when it is ready. It has no endpoint yet.
func (r *release) start(ctx context.Context) (*server.Server, error) {
	started, err := server.Start(ctx, r.options)
	if err != nil {
		return nil, err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.servers = append(r.servers, started)
	return started, nil
}

// startAnother starts a server and gives it its endpoint at once.
func (r *release) startAnother(t *testing.T) *server.Server {
	t.Helper()
	started, err := r.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.publish(t.Context(), started); err != nil {
		t.Fatal(err)
	}
	return started
}

// running returns the servers that were started and not ended, the oldest first.
func (r *release) running() []*server.Server {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.servers)
}

// staying returns the servers that run and are not about to end, the oldest first.
func (r *release) staying() []*server.Server {
	return slices.DeleteFunc(r.running(), func(s *server.Server) bool {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		return slices.Contains(r.leaving, s)
	})
}

// retireLater ends a server in the background.
func (r *release) retireLater(t *testing.T, s *server.Server) {
	r.mutex.Lock()
	r.leaving = append(r.leaving, s)
	r.mutex.Unlock()
	r.later(func() error { return r.retire(t.Context(), s) })
}

// forget removes an ended server and keeps what its log says of handshakes.
func (r *release) forget(s *server.Server) error {
	log, err := s.Process().Log()
	r.mutex.Lock()
	for line := range strings.Lines(log) {
		if strings.Contains(line, "bad certificate") || strings.Contains(line, "unknown certificate") {
			r.complaints = append(r.complaints, line)
		}
	}
	r.servers = slices.DeleteFunc(r.servers, func(other *server.Server) bool { return other == s })
	r.mutex.Unlock()
	return errors.Join(err, s.Stop())
}

// refusedHandshakes are what servers, running and ended, said of clients that refused their certificate.
func (r *release) refusedHandshakes(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, s := range r.running() {
		log, err := s.Process().Log()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, "bad certificate") || strings.Contains(line, "unknown certificate") {
				lines = append(lines, line)
			}
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return append(lines, r.complaints...)
}

// later does something in the background. settle reports its error.
func (r *release) later(work func() error) {
	r.background.Go(func() {
		if err := work(); err != nil {
			r.mutex.Lock()
			defer r.mutex.Unlock()
			r.errors = append(r.errors, err)
		}
	})
}

// settle waits for what is done in the background.
func (r *release) settle(t *testing.T) {
	t.Helper()
	r.background.Wait()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := errors.Join(r.errors...); err != nil {
		t.Fatal(err)
	}
}

// end stops what runs and takes the release out of the way of the next one. If the test failed, it shows the ends of the
// logs.
func (r *release) end(t *testing.T) {
	t.Helper()
	r.background.Wait()
	if t.Failed() {
		r.showWhoIsTrusted(t)
	}
	r.unregister(t)
	for _, s := range r.running() {
		if t.Failed() {
			t.Logf("the log of the server at %s, but for reviews and refused handshakes, ends:\n%s", s.Address(), notable(s))
		}
		if err := s.Stop(); err != nil {
			t.Errorf("stopping a server: %v", err)
		}
	}
	if t.Failed() {
		t.Logf("why the API server could not call webhooks, and how often: %v", r.failures())
	}
}

// failures returns why the API server could not call webhooks since the release was installed, and how often each.
func (r *release) failures() map[string]int {
	all := r.cluster.failures(r.logged)
	for why, times := range r.installing {
		all[why] += times
	}
	return all
}

// notable is the end of a server's log without the lines about reviews and refused handshakes, of which there are many.
func notable(s *server.Server) string {
	lines := slices.DeleteFunc(strings.Split(s.Process().LogTail(math.MaxInt), "\n"), func(line string) bool {
		return strings.Contains(line, `"msg":"review"`) || strings.Contains(line, "TLS handshake error")
	})
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}
