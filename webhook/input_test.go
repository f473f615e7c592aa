package webhook_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/probe-injector/probe-injector/webhook"
)

// around puts a Pod into an otherwise right review.
func around(object string) []byte {
	return []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"` + testUID + `",` +
		`"resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE","namespace":"shop","object":` + object + `}}`)
}

// badInputs are bodies that no API server sends, or that one sends for a Pod which it will refuse.
func badInputs(t testing.TB) map[string]struct {
	body       []byte
	wantStatus int
} {
	request := func(change func(*admissionv1.AdmissionRequest)) []byte { return reviewOf(t, webPod(1), change) }
	containers := func(n int) []byte {
		pod := webPod(0)
		for i := range n {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: fmt.Sprintf("c%d", i)})
		}
		return reviewOf(t, pod)
	}
	annotated := func(size int) []byte {
		pod := webPod(1)
		pod.Annotations["large"] = strings.Repeat("x", size)
		return reviewOf(t, pod)
	}
	return map[string]struct {
		body       []byte
		wantStatus int
	}{
		"empty":                           {nil, 400},
		"one brace":                       {[]byte(`{`), 400},
		"an empty object":                 {[]byte(`{}`), 400},
		"null":                            {[]byte(`null`), 400},
		"an array":                        {[]byte(`[]`), 400},
		"a number":                        {[]byte(`1`), 400},
		"two documents":                   {append(request(func(*admissionv1.AdmissionRequest) {}), []byte(`{}`)...), 400},
		"9 MiB":                           {bytes.Repeat([]byte(" "), 9<<20), 413},
		"10,001 arrays deep":              {around(strings.Repeat("[", 10001) + strings.Repeat("]", 10001)), 400},
		"9,000 objects deep, but unknown": {around(`{"spec":{"x":` + strings.Repeat(`{"a":`, 9000) + `1` + strings.Repeat(`}`, 9000) + `}}`), 200},
		"a NUL byte":                      {around("{\"metadata\":{\"name\":\"a\x00b\"}}"), 400},
		"an escaped NUL":                  {around(`{"metadata":{"name":"a\u0000b"}}`), 200},
		"no UTF-8":                        {around("{\"metadata\":{\"name\":\"a\xffb\"},\"spec\":{\"containers\":[{\"name\":\"\xff\"}]}}"), 200},
		"half a surrogate":                {around(`{"metadata":{"name":"\ud800"},"spec":{"containers":[{"name":"\ud800"}]}}`), 200},
		"another kind":                    {bytes.Replace(request(func(*admissionv1.AdmissionRequest) {}), []byte(`"AdmissionReview"`), []byte(`"AdmissionRequest"`), 1), 400},
		"another version":                 {bytes.Replace(request(func(*admissionv1.AdmissionRequest) {}), []byte(`admission.k8s.io/v1`), []byte(`admission.k8s.io/v1beta1`), 1), 400},
		"no request":                      {[]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`), 400},
		"members in another case":         {bytes.Replace(request(func(*admissionv1.AdmissionRequest) {}), []byte(`"request"`), []byte(`"Request"`), 1), 400},
		"no uid":                          {request(func(r *admissionv1.AdmissionRequest) { r.UID = "" }), 400},
		"a uid that is a number":          {bytes.Replace(request(func(*admissionv1.AdmissionRequest) {}), []byte(`"`+testUID+`"`), []byte(`7`), 1), 400},
		"no object":                       {request(func(r *admissionv1.AdmissionRequest) { r.Object = runtime.RawExtension{} }), 400},
		"an object that is null":          {around(`null`), 400},
		"an object that is an array":      {around(`[]`), 400},
		"an empty Pod":                    {around(`{}`), 200},
		"two objects":                     {bytes.Replace(around(`{}`), []byte(`"object":{}`), []byte(`"object":{},"object":{}`), 1), 400},
		"two specs":                       {around(`{"spec":{"containers":[{"name":"a"}]},"spec":null}`), 400},
		"two specs, one of them escaped":  {around(`{"spec":{"containers":[{"name":"a"}]},"s\u0070ec":{}}`), 400},
		"two metadata":                    {around(`{"metadata":{"annotations":{}},"metadata":null}`), 400},
		"an annotation twice":             {around(`{"metadata":{"annotations":{"a":"1","a":"2"}}}`), 400},
		"a probe twice":                   {around(`{"spec":{"containers":[{"name":"a","readinessProbe":null,"readinessProbe":{}}]}}`), 400},
		"specs in two cases":              {around(`{"spec":{"containers":[{"name":"a"}]},"Spec":null}`), 200},
		"containers that are an object":   {around(`{"spec":{"containers":{}}}`), 400},
		"containers that are null":        {around(`{"spec":{"containers":[null,{"name":"a"},null]}}`), 200},
		"containers that are numbers":     {around(`{"spec":{"containers":[1,2]}}`), 400},
		"containers without a name":       {around(`{"spec":{"containers":[{},{}]}}`), 200},
		"containers of the same name":     {around(`{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}`), 200},
		"metadata that is null":           {around(`{"metadata":null,"spec":{"containers":[{"name":"a"}]}}`), 200},
		"a spec that is null":             {around(`{"metadata":{},"spec":null}`), 200},
		"annotations that are null":       {around(`{"metadata":{"annotations":null},"spec":{"containers":[{"name":"a"}]}}`), 200},
		"annotations that are a string":   {around(`{"metadata":{"annotations":"a"}}`), 400},
		"an annotation that is null":      {around(`{"metadata":{"annotations":{"a":null}}}`), 200},
		"an annotation that is a number":  {around(`{"metadata":{"annotations":{"a":1}}}`), 400},
		"a probe that is null":            {around(`{"spec":{"containers":[{"name":"a","livenessProbe":null}]}}`), 200},
		"a probe that is empty":           {around(`{"spec":{"containers":[{"name":"a","livenessProbe":{}}]}}`), 200},
		"an UPDATE":                       {request(func(r *admissionv1.AdmissionRequest) { r.Operation = admissionv1.Update }), 200},
		"a DELETE": {request(func(r *admissionv1.AdmissionRequest) {
			r.Operation, r.Object = admissionv1.Delete, runtime.RawExtension{}
		}), 200},
		"a subresource": {request(func(r *admissionv1.AdmissionRequest) { r.SubResource = "ephemeralcontainers" }), 200},
		"another resource": {request(func(r *admissionv1.AdmissionRequest) {
			r.Resource = metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
		}), 200},
		"another resource of another shape": {bytes.Replace(around(`{"metadata":7,"spec":{"containers":"many"}}`), []byte(`"pods"`), []byte(`"poems"`), 1), 200},
		"no containers":                     {around(`{"metadata":{"name":"a"},"spec":{"containers":[]}}`), 200},
		"1,000 containers":                  {containers(1000), 200},
		"port 70000":                        {around(`{"spec":{"containers":[{"name":"a","ports":[{"containerPort":70000}]}]}}`), 200},
		"a port beyond 32 bits":             {around(`{"spec":{"containers":[{"name":"a","ports":[{"containerPort":7000000000}]}]}}`), 400},
		"a negative port":                   {around(`{"spec":{"containers":[{"name":"a","ports":[{"containerPort":-1}]}]}}`), 200},
		"unknown members everywhere":        {around(`{"new":{},"metadata":{"new":[]},"spec":{"new":1,"containers":[{"name":"a","new":{"deep":[null]},"livenessProbe":{"new":true}}]}}`), 200},
		"a 3 MB annotation":                 {annotated(3 << 20), 200},
		"annotations at their limit":        {annotated(256<<10 - 200), 200},
		"200,000 containers of numbers":     {around(`{"spec":{"containers":[` + strings.Repeat("0,", 200_000) + `0]}}`), 400},
		"200,000 containers of nothing":     {around(`{"spec":{"containers":[` + strings.Repeat("{},", 200_000) + `{}]}}`), 413},
		"containers of one unknown member":  {around(`{"spec":{"containers":[` + strings.Repeat(`{"u":1},`, 200_000) + `{}]}}`), 413},
		"a Pod of a script full of escapes": {around(`{"spec":{"containers":[{"name":"a","args":["` + strings.Repeat(`\"\n`, 400_000) + `"]}]}}`), 200},
		"a Pod of commas within a string":   {around(`{"metadata":{"annotations":{"a":"` + strings.Repeat(",", 250_000) + `"}}}`), 200},
		"containers of nothing but commas":  {around(`{"spec":{"containers":[` + strings.Repeat("null,", 60_000) + `null]}}`), 200},
	}
}

func TestBadInputs(t *testing.T) {
	for name, test := range badInputs(t) {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, decide(eager))
			w := s.post(test.body)
			if w.Code != test.wantStatus {
				t.Errorf("status %d, want %d: %.300s", w.Code, test.wantStatus, w.Body)
			}
			checkAnswer(t, s.Handler, webhook.PathAnnotated, test.body)
			if held := s.counter(t, "probe_injector_bytes_in_flight"); held != 0 {
				t.Errorf("%v bytes are still held", held)
			}
		})
	}
}

func TestABodyWithoutALengthIsReadToItsLimit(t *testing.T) {
	for size, want := range map[int]int{webhook.MaxBodyBytes: 200, webhook.MaxBodyBytes + 1: 413} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			s := newServer(t, decide(usual))
			body := reviewOf(t, webPod(1))
			body = append(body, bytes.Repeat([]byte(" "), size-len(body))...)
			r, err := http.NewRequest(http.MethodPost, webhook.PathAnnotated, io.MultiReader(bytes.NewReader(body)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = -1
			if got := serveHTTP(s.Handler, r).Code; got != want {
				t.Errorf("status %d, want %d", got, want)
			}
		})
	}
}

func TestTheMessageOfABadRequestQuotesNoValue(t *testing.T) {
	s := newServer(t, decide(eager))
	w := s.post(around(`{"metadata":{"annotations":{"password":["hunter2"]}},"spec":{"containers":[{"name":"a","livenessProbe":{"tcpSocket":{"port":"hunter2","port":1.5}}}]}}`))
	wantStatusBody(t, w)
	if strings.Contains(w.Body.String()+s.log.String(), "hunter2") {
		t.Errorf("answer %s, log %s", w.Body, s.log)
	}
}
