package integration

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// probeGates are the feature gates behind which probes have fields that not every version knows, and the minor version
// that has each gate first (pkg/features/kube_features.go).
func probeGates() map[string]int {
	return map[string]int{
		"H2CContainerProbe":     37, // httpGet.protocol
		"GRPCContainerProbeTLS": 37, // grpc.mode
	}
}

// alphaRule is our lint rule about such fields.
const alphaRule = "(PS042)"

// laterFields is a Pod with such fields that asks for more probes.
type laterFields struct {
	annotations, spec string
	// fields are what is stored of them where the gates are on, as JSON.
	fields []string
	// probes are all that it then has, existing ones and ours.
	probes map[string]string
	// written says that the Pod's author wrote a field, and matters that the probe asks in another way without it.
	written, matters bool
}

func podsWithLaterFields() map[string]laterFields {
	const (
		ports = `ports: [{name: http, containerPort: 8080}, {name: grpc, containerPort: 9000}]`
		http2 = `{path: /livez, port: 8080, protocol: HTTP2}`
		tls   = `{port: 9000, service: shop.Cart, mode: TLS}`
	)
	return map[string]laterFields{
		"liveness by HTTP/2, readiness is asked for": {
			annotations: `probe-injector.dev/readiness: "http:8080/readyz"`,
			spec:        `{containers: [{name: web, image: i, ` + ports + `, livenessProbe: {httpGet: ` + http2 + `, timeoutSeconds: 3}}]}`,
			fields:      []string{`"protocol":"HTTP2"`},
			probes:      map[string]string{"web/liveness": "http:8080/livez", "web/readiness": "http:8080/readyz"},
			written:     true, matters: true,
		},
		"readiness by gRPC with TLS, liveness is asked for": {
			annotations: `probe-injector.dev/liveness: "grpc:9000"`,
			spec:        `{containers: [{name: web, image: i, ` + ports + `, readinessProbe: {grpc: ` + tls + `}}]}`,
			fields:      []string{`"mode":"TLS"`},
			probes:      map[string]string{"web/startup": "grpc:9000", "web/liveness": "grpc:9000", "web/readiness": "grpc:9000/shop.Cart"},
			written:     true, matters: true,
		},
		"startup by HTTP/2, both others are asked for": {
			annotations: `probe-injector.dev/liveness: "grpc:9000", probe-injector.dev/readiness: "http:8080/readyz"`,
			spec:        `{containers: [{name: web, image: i, ` + ports + `, startupProbe: {httpGet: ` + http2 + `, failureThreshold: 60}}]}`,
			fields:      []string{`"protocol":"HTTP2"`},
			probes:      map[string]string{"web/startup": "http:8080/livez", "web/liveness": "grpc:9000", "web/readiness": "http:8080/readyz"},
			written:     true, matters: true,
		},
		"a native sidecar's liveness by HTTP/2, its readiness is asked for": {
			annotations: `proxy.probe-injector.dev/readiness: "tcp:9100"`,
			spec: `{initContainers: [{name: proxy, image: i, restartPolicy: Always, ports: [{containerPort: 9100}],
				livenessProbe: {httpGet: {path: /livez, port: 9100, protocol: HTTP2}, initialDelaySeconds: 10, timeoutSeconds: 3}}],
				containers: [{name: web, image: i, ` + ports + `}]}`,
			fields:  []string{`"protocol":"HTTP2"`},
			probes:  map[string]string{"proxy/liveness": "http:9100/livez", "proxy/readiness": "tcp:9100"},
			written: true, matters: true,
		},
		"a native sidecar's readiness by gRPC with TLS, the application's is asked for": {
			annotations: `web.probe-injector.dev/readiness: "http:8080/readyz"`,
			spec: `{initContainers: [{name: proxy, image: i, restartPolicy: Always, readinessProbe: {grpc: ` + tls + `}}],
				containers: [{name: web, image: i, ports: [{containerPort: 8080}], livenessProbe: {grpc: ` + tls + `, timeoutSeconds: 3}}]}`,
			fields: []string{`"mode":"TLS"`},
			probes: map[string]string{
				"proxy/readiness": "grpc:9000/shop.Cart", "web/liveness": "grpc:9000/shop.Cart", "web/readiness": "http:8080/readyz",
			},
			written: true, matters: true,
		},
		"a hook by HTTP/2 is no probe": {
			annotations: `probe-injector.dev/readiness: "http:8080/readyz"`,
			spec:        `{containers: [{name: web, image: i, ` + ports + `, lifecycle: {preStop: {httpGet: ` + http2 + `}}}]}`,
			fields:      []string{`"protocol":"HTTP2"`},
			probes:      map[string]string{"web/readiness": "http:8080/readyz"},
			written:     true,
		},
		"what absent fields mean, written": {
			annotations: `probe-injector.dev/readiness: "http:8080/readyz"`,
			spec: `{containers: [{name: web, image: i, ` + ports + `, startupProbe: {grpc: {port: 9000, mode: Plaintext}, failureThreshold: 60},
				livenessProbe: {httpGet: {path: /livez, port: 8080, protocol: HTTP1}, timeoutSeconds: 3}}]}`,
			fields:  []string{`"mode":"Plaintext"`, `"protocol":"HTTP1"`},
			probes:  map[string]string{"web/startup": "grpc:9000", "web/liveness": "http:8080/livez", "web/readiness": "http:8080/readyz"},
			written: true,
		},
		// Where the gate is on, the API server writes the protocol into every httpGet before it asks us.
		"an ordinary probe": {
			annotations: `probe-injector.dev/readiness: "http:8080/readyz"`,
			spec:        `{containers: [{name: web, image: i, ` + ports + `, livenessProbe: {httpGet: {path: /livez, port: 8080}, timeoutSeconds: 3}}]}`,
			fields:      []string{`"protocol":"HTTP1"`},
			probes:      map[string]string{"web/liveness": "http:8080/livez", "web/readiness": "http:8080/readyz"},
		},
	}
}

// TestFieldsOfLaterVersions creates Pods whose existing probes have fields that the API server knows only behind feature
// gates. Where the gates are on, the fields are stored as they were written. Where they are off, and in versions that do
// not know them, the API server drops them. Both are so with us as without us, and our probes are added.
func TestFieldsOfLaterVersions(t *testing.T) {
	t.Parallel()
	without := newLater(t, nil)
	t.Run("without the gates", func(t *testing.T) { without.createAll(t, false) })

	gates := maps.Clone(probeGates())
	maps.DeleteFunc(gates, func(_ string, since int) bool { return since > without.Minor() })
	if len(gates) == 0 {
		t.Logf("%s has no such gate: it drops the fields, as above", without.Version())
		return
	}
	with := newLater(t, slices.Sorted(maps.Keys(gates)))
	t.Run("with the gates", func(t *testing.T) {
		with.createAll(t, true)
		t.Run("no probe of ours sets a field", with.setsNone)
	})
}

// later is a cluster in which our server runs.
type later struct{ *cluster }

// newLater starts a cluster with feature gates, which writes down our patches.
func newLater(t *testing.T, gates []string) later {
	t.Helper()
	options := controlplane.Options{Audit: true}
	for _, gate := range gates {
		options.APIServerArgs = append(options.APIServerArgs, "--feature-gates="+gate+"=true")
	}
	l := later{newCluster(t, options)}
	l.install(t, "", startServer(t, "", server.Options{}))
	return l
}

// createAll creates all Pods and says what becomes of the fields: they are kept, or dropped.
func (l later) createAll(t *testing.T, kept bool) {
	for name, test := range podsWithLaterFields() {
		t.Run(name, func(t *testing.T) {
			manifest := manifestOf(`{generateName: later-, annotations: {`+test.annotations+`}}`, test.spec)
			without, err := l.create(t.Context(), killed, manifest)
			if err != nil {
				t.Fatalf("it is refused without us: %v", err)
			}
			with, err := l.create(t.Context(), plain, manifest)
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range test.fields {
				if got := strings.Contains(string(with.raw), field); got != kept {
					t.Errorf("that %s is stored is %v\n%s", field, got, with.raw)
				}
			}
			if diff := cmp.Diff(test.probes, handlersOf(&with.pod)); diff != "" {
				t.Errorf("its probes, want - got +:\n%s", diff)
			}
			expectOnlyOurs(t, without, with)
			l.expectWarnings(t, test, strings.Join(with.warnings, "\n"))
			l.expectSameOfACopy(t, with)
		})
	}
}

// expectWarnings demands that an author hears of a field that may be dropped: from us where we see it, and from the API
// server where it does not know it and drops it before it asks us. Nobody hears of a field that changes nothing.
func (l later) expectWarnings(t *testing.T, test laterFields, warnings string) {
	t.Helper()
	known := l.Minor() >= slices.Max(slices.Collect(maps.Values(probeGates())))
	if got, want := strings.Contains(warnings, alphaRule), test.matters && known; got != want {
		t.Errorf("that our warnings have %s is %v:\n%s", alphaRule, got, warnings)
	}
	if got, want := strings.Contains(warnings, "unknown field"), test.written && !known; got != want {
		t.Errorf("that the API server warns of a field is %v:\n%s", got, warnings)
	}
}

// expectSameOfACopy creates a Pod once more from what is stored of it, as people do by hand. What the API server filled in
// must not keep us from knowing our own probes.
func (l later) expectSameOfACopy(t *testing.T, stored *created) {
	t.Helper()
	manifest, err := json.Marshal(corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{GenerateName: "copy-", Annotations: stored.pod.Annotations},
		Spec:       stored.pod.Spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.create(t.Context(), plain, manifest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored.pod.Spec, again.pod.Spec); diff != "" {
		t.Errorf("a copy is another Pod, first - copy +:\n%s", diff)
	}
	if first, second := stored.pod.Annotations[status], again.pod.Annotations[status]; first != second {
		t.Errorf("the status is %q, and of a copy %q", first, second)
	}
}

// setsNone looks at our patches as the API server got them. What it stores says nothing of that: it fills in a protocol.
func (l later) setsNone(t *testing.T) {
	events, err := l.AuditEvents()
	if err != nil {
		t.Fatal(err)
	}
	patches := 0
	for _, event := range events {
		for key, patch := range event.Annotations {
			if !strings.HasPrefix(key, "patch.webhook.admission.k8s.io/") {
				continue
			}
			patches++
			for _, field := range []string{`"protocol"`, `"mode"`} {
				if strings.Contains(patch, field) {
					t.Errorf("a patch of ours sets %s: %s", field, patch)
				}
			}
		}
	}
	if want := len(podsWithLaterFields()); patches < want {
		t.Errorf("only %d patches of %d are in the audit log", patches, want)
	}
}
