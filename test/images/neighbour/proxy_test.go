package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestTheProxyAnswersAsTheContainerDoes(t *testing.T) {
	application := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		switch {
		case request.URL.Path == "/moved":
			http.Redirect(response, request, "/broken", http.StatusFound)
		case request.URL.Path == "/host" && request.Host != "shop.example.com", request.URL.Path == "/broken":
			http.Error(response, "broken", http.StatusServiceUnavailable)
		}
	})
	plain, secure := httptest.NewServer(application), httptest.NewTLSServer(application)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	closed := httptest.NewServer(application)
	closed.Close()
	cases := map[string]struct {
		handler corev1.ProbeHandler
		status  int
	}{
		"http that answers":               {byHTTP(t, plain, "/", ""), http.StatusOK},
		"http that fails":                 {byHTTP(t, plain, "/broken", ""), http.StatusInternalServerError},
		"http that redirects is good":     {byHTTP(t, plain, "/moved", ""), http.StatusOK},
		"http with its Host header":       {byHTTP(t, plain, "/host", "shop.example.com"), http.StatusOK},
		"https, whoever signed":           {byHTTP(t, secure, "/", ""), http.StatusOK},
		"http on a closed port":           {byHTTP(t, closed, "/", ""), http.StatusInternalServerError},
		"tcp on an open port":             {corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: portOf(t, plain)}}, http.StatusOK},
		"tcp on a closed port":            {corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: portOf(t, closed)}}, http.StatusInternalServerError},
		"a probe of which nobody told it": {corev1.ProbeHandler{}, http.StatusNotFound},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			known := probers{}
			if test.status != http.StatusNotFound {
				known["/app-health/web/livez"] = test.handler
			}
			answer := httptest.NewRecorder()
			newProber(known).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/app-health/web/livez", http.NoBody))
			if answer.Code != test.status {
				t.Errorf("the answer is %d: %s", answer.Code, answer.Body)
			}
		})
	}
}

func byHTTP(t *testing.T, server *httptest.Server, path, host string) corev1.ProbeHandler {
	t.Helper()
	action := &corev1.HTTPGetAction{Path: path, Port: portOf(t, server)}
	if server.TLS != nil {
		action.Scheme = corev1.URISchemeHTTPS
	}
	if host != "" {
		action.HTTPHeaders = []corev1.HTTPHeader{{Name: "Host", Value: host}}
	}
	return corev1.ProbeHandler{HTTPGet: action}
}

func portOf(t *testing.T, server *httptest.Server) intstr.IntOrString {
	t.Helper()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(fmt.Errorf("reading the address of a server: %w", err))
	}
	return intstr.Parse(address.Port())
}
