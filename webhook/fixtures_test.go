package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
	"github.com/probe-injector/probe-injector/webhook"
)

// decide makes an engine of a function.
type decide func(policy.Subject) policy.Decision

func (d decide) Decide(s policy.Subject) policy.Decision { return d(s) }

// eager is an engine that adds to a Pod all that a patch could ever hold: every missing probe of every container, and
// a status. It finds more faults of a patch than a reasonable engine does.
func eager(s policy.Subject) policy.Decision {
	d := policy.Decision{Asked: true, Status: "everything (test)"}
	each := func(containers []workload.Container, init bool) {
		for i, c := range containers {
			at := policy.ContainerRef{Name: c.Name, Index: i, Init: init}
			for kind, existing := range map[probe.Kind]*corev1.Probe{
				probe.Startup: c.StartupProbe, probe.Liveness: c.LivenessProbe, probe.Readiness: c.ReadinessProbe,
			} {
				if existing == nil {
					d.Injections = append(d.Injections, policy.Injection{Container: at, Kind: kind, Probe: tcpProbe(8080), Source: policy.SourceInference})
				} else {
					d.Skips = append(d.Skips, policy.Skip{Container: c.Name, Kind: kind, Reason: "existing_probe"})
				}
			}
		}
	}
	each(s.Pod.Spec.InitContainers, true)
	each(s.Pod.Spec.Containers, false)
	return d
}

// usual is an engine that does what a real one does for most Pods that ask: three HTTP probes on the first container.
func usual(s policy.Subject) policy.Decision {
	at := policy.ContainerRef{Name: s.Pod.Spec.Containers[0].Name}
	d := policy.Decision{Asked: true, Status: "web: startup+liveness http:8080/healthz, readiness http:8080/readyz; up to 120s to start, restart after 50-65s (v0.1.0)"}
	for _, kind := range []probe.Kind{probe.Startup, probe.Liveness, probe.Readiness} {
		d.Injections = append(d.Injections, policy.Injection{Container: at, Kind: kind, Probe: httpProbe(), Source: policy.SourceAnnotation})
	}
	return d
}

func tcpProbe(port int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(port)}},
		PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
	}
}

func httpProbe() *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080), Scheme: corev1.URISchemeHTTP}},
		InitialDelaySeconds: 5, PeriodSeconds: 10, TimeoutSeconds: 3, SuccessThreshold: 1, FailureThreshold: 5,
	}
}

// server is a handler and what it wrote.
type server struct {
	*webhook.Handler
	registry *prometheus.Registry
	log      *bytes.Buffer
}

func newServer(t testing.TB, engine webhook.Decider, change ...func(*webhook.Options)) *server {
	t.Helper()
	s := &server{registry: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	o := webhook.Options{
		Policy:     func() webhook.Decider { return engine },
		Logger:     slog.New(slog.NewJSONHandler(s.log, nil)),
		Registerer: s.registry,
	}
	for _, f := range change {
		f(&o)
	}
	h, err := webhook.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = h
	return s
}

// post sends a review to the route for annotated Pods.
func (s *server) post(body []byte) *httptest.ResponseRecorder {
	return s.postTo(webhook.PathAnnotated, body)
}

func (s *server) postTo(path string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// counter returns the value of one series, 0 if there is none.
func (s *server) counter(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
	series:
		for _, m := range family.GetMetric() {
			for i := 0; i+1 < len(labels); i += 2 {
				found := false
				for _, l := range m.GetLabel() {
					found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
				}
				if !found {
					continue series
				}
			}
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return 0
}

// response decodes an answer of status 200.
func response(t testing.TB, w *httptest.ResponseRecorder) *admissionv1.AdmissionResponse {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(w.Body.Bytes(), &review); err != nil {
		t.Fatal(err)
	}
	if review.Response == nil {
		t.Fatal("no response in the review")
	}
	return review.Response
}

// webPod is a Pod as the API server sends it for a Deployment: 4 KB of review with 10 variables in its container.
func webPod(variables int) *corev1.Pod {
	controller := true
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "web-5d4f8c7b9-",
			Namespace:    "shop",
			Labels:       map[string]string{"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop", "pod-template-hash": "5d4f8c7b9"},
			Annotations:  map[string]string{"probe-injector.dev/inject": "true", "prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5d4f8c7b9", UID: "5b2c0a54-9d5b-4b0f-8f58-6b7f4f9d2c11",
				Controller: &controller, BlockOwnerDeletion: &controller,
			}},
			ManagedFields: []metav1.ManagedFieldsEntry{{
				Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", FieldsType: "FieldsV1",
				FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{".":{},"f:probe-injector.dev/inject":{},"f:prometheus.io/port":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:app.kubernetes.io/part-of":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"5b2c0a54-9d5b-4b0f-8f58-6b7f4f9d2c11\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:env":{".":{}},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}`),
			}},
		},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst, SchedulerName: "default-scheduler",
			ServiceAccountName: "default", SecurityContext: &corev1.PodSecurityContext{},
			Containers: []corev1.Container{{
				Name: "web", Image: "registry.example.com/shop/web:1.42.0", Args: []string{"--listen=:8080", "--log-format=json"},
				Ports:                    []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}, {Name: "metrics", ContainerPort: 9090, Protocol: corev1.ProtocolTCP}},
				TerminationMessagePath:   corev1.TerminationMessagePathDefault,
				TerminationMessagePolicy: corev1.TerminationMessageReadFile, ImagePullPolicy: corev1.PullIfNotPresent,
				VolumeMounts: []corev1.VolumeMount{{Name: "kube-api-access-7xk2p", ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}},
			}},
			Volumes: []corev1.Volume{{Name: "kube-api-access-7xk2p", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
			}}}}},
		},
	}
	for i := range variables {
		pod.Spec.Containers[0].Env = append(pod.Spec.Containers[0].Env, corev1.EnvVar{Name: fmt.Sprintf("SHOP_SETTING_%04d", i), Value: "the value of a setting"})
	}
	return pod
}

const testUID = "0df28fbd-5f5f-11e8-bc74-36e6bb280816"

// reviewOf is the review of the creation of a Pod, changed as the test wants it.
func reviewOf(t testing.TB, pod any, change ...func(*admissionv1.AdmissionRequest)) []byte {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	request := &admissionv1.AdmissionRequest{
		UID:             types.UID(testUID),
		Kind:            metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Resource:        metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		RequestKind:     &metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
		RequestResource: &metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		Namespace:       "shop",
		Operation:       admissionv1.Create,
		Object:          runtime.RawExtension{Raw: raw},
		Options:         runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}`)},
	}
	request.UserInfo.Username = "system:serviceaccount:kube-system:replicaset-controller"
	request.UserInfo.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}
	for _, f := range change {
		f(request)
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request:  request,
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func nopLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

func serveHTTP(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
