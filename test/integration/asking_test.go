package integration

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// status is the annotation that our server writes on every Pod that asked.
const status = "probe-injector.dev/status"

// outcome is a Pod and what is stored of it.
type outcome struct {
	// metadata and spec are the Pod, YAML in flow style.
	metadata, spec string
	// probes are all that the stored Pod has, with their handlers.
	probes map[string]string
	// status is how the status annotation begins.
	status string
}

// web is a container that listens on one named port.
const web = `{name: web, image: example.com/web:1, ports: [{name: http, containerPort: 8080}]}`

// podsThatAsk creates Pods directly.
func (i *installed) podsThatAsk(t *testing.T) {
	cases := map[string]outcome{
		"inject asks for all, on the only port": {
			metadata: `{name: inject, annotations: {probe-injector.dev/inject: "true"}}`,
			spec:     `{containers: [` + web + `]}`,
			probes:   map[string]string{"web/startup": "tcp:8080", "web/liveness": "tcp:8080", "web/readiness": "tcp:8080"},
			status:   "web: startup+liveness tcp:8080, readiness tcp:8080; up to ",
		},
		"a Pod whose name the API server makes": {
			metadata: `{generateName: generated-, annotations: {probe-injector.dev/readiness: /readyz}}`,
			spec:     `{containers: [` + web + `]}`,
			probes:   map[string]string{"web/readiness": "http:8080/readyz"},
			status:   "web: readiness http:8080/readyz (",
		},
		"a named port becomes its number": {
			metadata: `{name: named, annotations: {probe-injector.dev/liveness: "http:http/livez"}}`,
			spec:     `{containers: [` + web + `]}`,
			probes:   map[string]string{"web/startup": "http:8080/livez", "web/liveness": "http:8080/livez"},
			status:   "web: startup+liveness http:8080/livez; up to ",
		},
		"https": {
			metadata: `{name: https, annotations: {probe-injector.dev/readiness: "https:8443/readyz"}}`,
			spec:     `{containers: [{name: web, image: i, ports: [{containerPort: 8443}]}]}`,
			probes:   map[string]string{"web/readiness": "https:8443/readyz"},
			status:   "web: readiness https:8443/readyz (",
		},
		"grpc, with a service": {
			metadata: `{name: grpc, annotations: {probe-injector.dev/liveness: "grpc:9000/shop.Cart", probe-injector.dev/readiness: "grpc:9000"}}`,
			spec:     `{containers: [{name: web, image: i, ports: [{containerPort: 9000}]}]}`,
			probes:   map[string]string{"web/startup": "grpc:9000/shop.Cart", "web/liveness": "grpc:9000/shop.Cart", "web/readiness": "grpc:9000"},
			status:   "web: startup+liveness grpc:9000/shop.Cart, readiness grpc:9000; up to ",
		},
		"a host header": {
			metadata: `{name: host, annotations: {probe-injector.dev/readiness: /readyz, probe-injector.dev/host-header: shop.example.com}}`,
			spec:     `{containers: [` + web + `]}`,
			probes:   map[string]string{"web/readiness": "http:8080/readyz Host=shop.example.com"},
			status:   "web: readiness http:8080/readyz (",
		},
		"commands of the admin's profile": {
			metadata: `{name: store, annotations: {probe-injector.dev/profile: store}}`,
			spec:     `{containers: [{name: db, image: i, ports: [{containerPort: 5432}]}]}`,
			probes:   map[string]string{"db/startup": "exec:store-alive", "db/liveness": "exec:store-alive", "db/readiness": "exec:store-ready -q"},
			status:   "db: startup+liveness exec, readiness exec; up to ",
		},
		"each of several containers by its name": {
			metadata: `{name: several, annotations: {web.probe-injector.dev/liveness: /livez, admin.probe-injector.dev/readiness: "tcp:9090"}}`,
			spec:     `{containers: [` + web + `, {name: admin, image: i, ports: [{containerPort: 9090}]}]}`,
			probes:   map[string]string{"web/startup": "http:8080/livez", "web/liveness": "http:8080/livez", "admin/readiness": "tcp:9090"},
			status:   "web: startup+liveness http:8080/livez; up to ",
		},
		"the container that kubectl takes by default": {
			metadata: `{name: default-container, annotations: {kubectl.kubernetes.io/default-container: admin, probe-injector.dev/readiness: "tcp:9090"}}`,
			spec:     `{containers: [` + web + `, {name: admin, image: i, ports: [{containerPort: 9090}]}]}`,
			probes:   map[string]string{"admin/readiness": "tcp:9090"},
			status:   "admin: readiness tcp:9090 (",
		},
		"a native sidecar by its name": {
			metadata: `{name: sidecar, annotations: {proxy.probe-injector.dev/readiness: "tcp:9000", probe-injector.dev/readiness: /readyz}}`,
			spec:     `{initContainers: [{name: setup, image: i}, {name: proxy, image: i, restartPolicy: Always, ports: [{containerPort: 9000}]}], containers: [` + web + `]}`,
			probes:   map[string]string{"proxy/readiness": "tcp:9000", "web/readiness": "http:8080/readyz"},
			status:   "web: readiness http:8080/readyz | proxy: readiness tcp:9000 (",
		},
		"a Pod that runs once gets readiness, and the reason why no more": {
			metadata: `{name: once, annotations: {probe-injector.dev/inject: "true"}}`,
			spec:     `{restartPolicy: OnFailure, containers: [` + web + `]}`,
			probes:   map[string]string{"web/readiness": "tcp:8080"},
			status:   "web: readiness tcp:8080; no liveness: restart_policy (",
		},
		"a Pod without a port gets the reason": {
			metadata: `{name: worker, annotations: {probe-injector.dev/inject: "true"}}`,
			spec:     `{containers: [{name: worker, image: i}]}`,
			status:   "worker: nothing: no_port (",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			manifest := manifestOf(test.metadata, test.spec)
			created, err := i.create(t.Context(), plain, manifest)
			if err != nil {
				t.Fatal(err)
			}
			test.expect(t, &created.pod)
			without, err := i.create(t.Context(), killed, manifest)
			if err != nil {
				t.Fatal(err)
			}
			expectOnlyOurs(t, without, created)
		})
	}
}

// expect holds a stored Pod against the outcome.
func (o outcome) expect(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	got := handlersOf(pod)
	if diff := cmp.Diff(o.probes, got); diff != "" && len(o.probes)+len(got) > 0 {
		t.Errorf("its probes, want - got +:\n%s", diff)
	}
	if text := pod.Annotations[status]; !strings.HasPrefix(text, o.status) || (o.status == "") != (text == "") {
		t.Errorf("its status is %q", text)
	}
}
