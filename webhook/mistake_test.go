package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Whoever looks at the Pod of a Deployment sees what is wrong, and so does whoever reads the log, without the value.
func TestAMistakeIsToldWherePeopleLook(t *testing.T) {
	s := newServer(t, policy.Default("v0.1.0"))
	pod := webPod(1)
	pod.Annotations = map[string]string{"probe-injector.dev/liveness": "hunter2x", "probe-injector.dev/readiness": "/readyz"}
	got := response(t, s.post(reviewOf(t, pod)))
	const sentence = `probe-injector.dev/liveness: "hunter2x": a path begins with "/": write "/hunter2x", or http:PORT/PATH, tcp:PORT, grpc:PORT`
	if len(got.Warnings) != 1 || !strings.HasSuffix(got.Warnings[0], sentence[len("probe-injector.dev/liveness"):]) {
		t.Errorf("warnings %q", got.Warnings)
	}
	var operations []struct {
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	if err := json.Unmarshal(got.Patch, &operations); err != nil {
		t.Fatal(err)
	}
	status := ""
	for _, o := range operations {
		if o.Path == "/metadata/annotations/"+strings.ReplaceAll(annotation.StatusKey, "/", "~1") {
			status, _ = o.Value.(string)
		}
	}
	if !strings.Contains(status, "no liveness: invalid_annotation") || !strings.HasSuffix(status, " | wrong annotation "+sentence+" (v0.1.0)") {
		t.Errorf("the status is %q", status)
	}
	log := s.log.String()
	if !strings.Contains(log, `"mistake":"probe-injector.dev/liveness: a path begins with \"/\": write \"/...\", or http:PORT/PATH, tcp:PORT, grpc:PORT"`) {
		t.Errorf("the log does not say the mistake: %s", log)
	}
	if strings.Contains(log, "hunter") || strings.Contains(got.AuditAnnotations["reasons"], "hunter") {
		t.Errorf("the value is in the log, or in %v: %s", got.AuditAnnotations, log)
	}
}

func TestAuditModeSaysWhatItWouldAdd(t *testing.T) {
	file := &v1alpha1.ProbePolicy{}
	file.Spec.Mode = v1alpha1.ModeAudit
	engine, err := policy.Compile(file, "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, engine)
	pod := webPod(1)
	pod.Annotations = map[string]string{"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz"}
	got := response(t, s.post(reviewOf(t, pod)))
	const want = "audit: would add web: startup+liveness http:8080/livez, readiness http:8080/readyz"
	if got.Patch != nil || len(got.Warnings) == 0 || !strings.HasPrefix(got.Warnings[0], want) {
		t.Errorf("patch %s, warnings %q", got.Patch, got.Warnings)
	}
	pod.Annotations = nil
	if got := response(t, s.postTo("/mutate/rules/labelled-namespaces", reviewOf(t, pod))); len(got.Warnings) > 0 {
		t.Errorf("nobody asked, and is warned: %q", got.Warnings)
	}
}
