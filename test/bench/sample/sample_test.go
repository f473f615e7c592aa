package sample_test

import (
	"bytes"
	"encoding/json"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/test/bench/sample"
)

func TestTheReviewIsWhatWasRecorded(t *testing.T) {
	body, err := sample.Review()
	if err != nil {
		t.Fatal(err)
	}
	// Go's types could have dropped or added something on the way.
	const recordedBytes = 4941
	if len(body) != recordedBytes {
		t.Errorf("it has %d bytes, not the %d that were recorded", len(body), recordedBytes)
	}
	if bytes.Count(body, []byte{'\n'}) != 1 {
		t.Error("it is not one line")
	}
}

func TestLargeReviews(t *testing.T) {
	body, err := sample.LargeReview(10, 300)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) < 125_000 || len(body) > 140_000 {
		t.Errorf("10 × 300 variables have %d bytes, not about 130 KB", len(body))
	}
	pod := podOf(t, body)
	for i, container := range pod.Spec.Containers {
		if (len(container.Ports) > 0) != (i == 0) {
			t.Errorf("the container %s has %d ports", container.Name, len(container.Ports))
		}
		if len(container.Env) != 300 {
			t.Errorf("the container %s has %d variables", container.Name, len(container.Env))
		}
	}
}

func TestChangesAreFoundAndMadeAgain(t *testing.T) {
	body, err := sample.Review()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := json.Marshal(admissionv1.AdmissionReview{Response: &admissionv1.AdmissionResponse{
		Allowed: true,
		Patch: []byte(`[{"op":"add","path":"/spec/containers/0/livenessProbe","value":{"tcpSocket":{"port":8080}}},
			{"op":"add","path":"/metadata/annotations/a","value":"b"}]`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := sample.Patch(answer)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := sample.Patched(body, patch)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}}
	if got := patched.Spec.Containers[0].LivenessProbe; !equality.Semantic.DeepEqual(got, want) {
		t.Errorf("the patched Pod's probe is %v", got)
	}
	changes, err := sample.ChangesOf(body, patched)
	if err != nil {
		t.Fatal(err)
	}
	again := podOf(t, body)
	changes.Apply(again)
	if !equality.Semantic.DeepEqual(again, patched) {
		t.Errorf("the changes make %v of the Pod, not %v", again, patched)
	}
}

func TestAnAnswerWithoutAPatchIsAnError(t *testing.T) {
	for _, answer := range []string{`{`, `{}`, `{"response":{"allowed":true}}`, `{"response":{"allowed":false,"patch":"W10="}}`} {
		if patch, err := sample.Patch([]byte(answer)); err == nil {
			t.Errorf("%s has the patch %s", answer, patch)
		}
	}
}

func podOf(t *testing.T, body []byte) *corev1.Pod {
	t.Helper()
	pod, err := sample.Patched(body, []byte("[]"))
	if err != nil {
		t.Fatal(err)
	}
	return pod
}
