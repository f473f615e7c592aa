package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

// quiet is a handler without a log.
func quiet(t testing.TB, engine webhook.Decider) *webhook.Handler {
	t.Helper()
	h, err := webhook.New(webhook.Options{
		Policy: func() webhook.Decider { return engine }, Logger: nopLogger(), Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// FuzzHandler sends any bytes as a review, to an engine that adds all it can and to the real one, and holds the answer
// to what the API server needs in order not to refuse the Pod, and the memory to what was accounted.
func FuzzHandler(f *testing.F) {
	addSeeds(f)
	eagerHandler, realHandler := quiet(f, decide(eager)), quiet(f, policy.Default("test"))
	f.Fuzz(func(t *testing.T, body []byte) {
		checkAnswer(t, eagerHandler, webhook.PathAnnotated, body)
		checkAnswer(t, realHandler, webhook.PathAnnotated, body)
		checkAnswer(t, realHandler, webhook.PathRules+"labelled-namespaces", body)
		checkAccount(t, body)
	})
}

// addSeeds adds the reviews and Pods that tests know, which are all much smaller than what is fuzzed well.
func addSeeds(f *testing.F) {
	f.Helper()
	const largest = 16 << 10
	for _, input := range badInputs(f) {
		if len(input.body) <= largest {
			f.Add(input.body)
		}
	}
	// Another value before the object has the same text.
	f.Add(bytes.Replace(around(`{}`), []byte(`"object":{}`), []byte(`"0":{},"object":{}`), 1))
	f.Add(bytes.Replace(around(`{"spec":{"containers":[{"name":"a"}]}}`), []byte(`"object":`), []byte(`"0":{},"0":{},"object":`), 1))
	f.Add(reviewOf(f, webPod(0)))
	f.Add(reviewOf(f, webPod(3)))
	always := corev1.ContainerRestartPolicyAlways
	pod := webPod(1)
	pod.Annotations["web.probe-injector.dev/liveness"] = "http:8080/livez"
	pod.Annotations["probe-injector.dev/status"] = "written by a user"
	pod.Spec.InitContainers = []corev1.Container{{Name: "migrate"}, {Name: "proxy", RestartPolicy: &always, ReadinessProbe: tcpProbe(15021)}}
	pod.Spec.Containers[0].LivenessProbe = httpProbe()
	f.Add(reviewOf(f, pod))
}

// checkAnswer sends a body and checks everything that must hold for any answer.
func checkAnswer(t *testing.T, h http.Handler, path string, body []byte) {
	t.Helper()
	w := post(t, h, path, body)
	if w.Code != http.StatusOK {
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("a bug: %s", w.Body)
		}
		wantStatusBody(t, w)
		return
	}
	got := response(t, w)
	if !got.Allowed {
		t.Fatalf("refused: %s", w.Body)
	}
	uid, begin, end := placeOfObject(t, body)
	if string(got.UID) != uid {
		t.Fatalf("uid %q, want %q", got.UID, uid)
	}
	if got.Patch == nil {
		return
	}
	object := body[begin:end]
	checkAdditions(t, object, got)
	patched := apply(t, object, got.Patch)

	// A second pass sees what the first has made, and adds nothing.
	again := slices.Concat(body[:begin], patched, body[end:])
	if w := post(t, h, path, again); w.Code == http.StatusOK {
		if second := response(t, w); second.Patch != nil {
			t.Fatalf("the second pass adds %s", second.Patch)
		}
	} else if len(again) <= len(body)+8<<10 && w.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("the second pass is answered with %s", w.Body)
	}
}

// placeOfObject finds the uid of a review and where its object begins and ends.
func placeOfObject(t *testing.T, body []byte) (uid string, begin, end int) {
	t.Helper()
	var sent struct {
		Request struct {
			UID    string  `json:"uid"`
			Object located `json:"object"`
		} `json:"request"`
	}
	// Members that nobody reads may be there twice.
	if err := jsonv2.Unmarshal(body, &sent, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		t.Fatalf("accepted, but %v", err)
	}
	return sent.Request.UID, sent.Request.Object.begin, sent.Request.Object.end
}

// located is where a value is.
type located struct{ begin, end int }

func (l *located) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	l.end = int(d.InputOffset())
	l.begin = l.end - len(value)
	return err
}

func post(t *testing.T, h http.Handler, path string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return serveHTTP(h, r)
}

// apply applies a patch with the library of the API server.
func apply(t *testing.T, object, patch []byte) []byte {
	t.Helper()
	p, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		t.Fatalf("%v in %s", err, patch)
	}
	patched, err := p.Apply(object)
	if err != nil {
		t.Fatalf("the API server would refuse the Pod: %v: %s on %s", err, patch, object)
	}
	return patched
}

// checkAdditions checks that every operation adds a member that is absent or null. Only our own annotation may exist.
func checkAdditions(t *testing.T, object []byte, r *admissionv1.AdmissionResponse) {
	t.Helper()
	var document any
	if err := json.Unmarshal(object, &document); err != nil {
		t.Fatal(err)
	}
	for _, path := range patchPaths(t, r) {
		if path == "/metadata/annotations/probe-injector.dev~1status" {
			continue
		}
		if existing := lookUp(document, path); existing != nil {
			t.Fatalf("%s would be replaced, it is %v", path, existing)
		}
	}
}

// lookUp returns what is at a JSON pointer, nil if there is nothing.
func lookUp(document any, pointer string) any {
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch at := document.(type) {
		case map[string]any:
			document = at[token]
		case []any:
			var i int
			if _, err := fmt.Sscanf(token, "%d", &i); err != nil || i >= len(at) {
				return nil
			}
			document = at[i]
		default:
			return nil
		}
	}
	return document
}
