package main

import (
	"encoding/json"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestAChangeMakesThePodWhatItSaysAndOnlyOnce(t *testing.T) {
	web := corev1.Container{Name: "web", LivenessProbe: get("/livez", 8080, 7), ReadinessProbe: &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}},
	}}
	taken := corev1.Container{
		Name: "web", LivenessProbe: get("/app-health/web/livez", 15020, 7), ReadinessProbe: get("/app-health/web/readyz", 15020, 0),
	}
	proxy := corev1.Container{Name: "proxy", Image: "proxy"}
	asking := corev1.Container{Name: "proxy", Image: "proxy", Env: []corev1.EnvVar{{Name: probersVariable, Value: `{` +
		`"/app-health/web/livez":{"httpGet":{"path":"/livez","port":8080,"scheme":"HTTP"}},"/app-health/web/readyz":{"tcpSocket":{"port":8080}}}`}}}
	cases := map[string]struct {
		change         change
		containers     []corev1.Container
		initContainers []corev1.Container
	}{
		"a container is added behind the others": {
			change{Containers: []corev1.Container{proxy}}, []corev1.Container{web, proxy}, nil,
		},
		"a container is added before the others": {
			change{Containers: []corev1.Container{proxy}, First: true}, []corev1.Container{proxy, web}, nil,
		},
		"an init container is added": {
			change{InitContainers: []corev1.Container{proxy}}, []corev1.Container{web}, []corev1.Container{proxy},
		},
		"probes are taken over with their times, wherever the proxy is put": {
			change{Containers: []corev1.Container{proxy}, First: true, TakesProbes: true}, []corev1.Container{asking, taken}, nil,
		},
		"nothing is added beside a container of the same name": {
			change{Containers: []corev1.Container{{Name: "web", Image: "other"}}, TakesProbes: true}, []corev1.Container{web}, nil,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{web}}}
			test.change.Annotations = map[string]string{"a~b/c": "d"}
			for _, calls := range []string{"1", "2"} {
				pod = changed(t, test.change, pod)
				if pod.Annotations[callsAnnotation+"test"] != calls || pod.Annotations["a~b/c"] != "d" {
					t.Errorf("after call %s the annotations are %v", calls, pod.Annotations)
				}
				if !equality.Semantic.DeepEqual(pod.Spec.Containers, test.containers) {
					t.Errorf("after call %s the containers are %+v", calls, pod.Spec.Containers)
				}
				if !equality.Semantic.DeepEqual(pod.Spec.InitContainers, test.initContainers) {
					t.Errorf("after call %s the init containers are %+v", calls, pod.Spec.InitContainers)
				}
			}
		})
	}
}

// get is a probe by http.
func get(path string, port, failures int32) *corev1.Probe {
	return &corev1.Probe{FailureThreshold: failures, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
		Path: path, Port: intstr.FromInt32(port), Scheme: corev1.URISchemeHTTP,
	}}}
}

// changed is the Pod after a review.
func changed(t *testing.T, c change, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	before, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := c.review("test", &admissionv1.AdmissionRequest{Object: runtime.RawExtension{Raw: before}})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(encoded)
	if err != nil {
		t.Fatal(err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		t.Fatalf("%s: %v", encoded, err)
	}
	read := &corev1.Pod{}
	if err := json.Unmarshal(after, read); err != nil {
		t.Fatal(err)
	}
	return read
}
