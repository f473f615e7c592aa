package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
)

const headersPolicy = `
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  profiles:
  - name: forced-tls
    hostHeader: shop.example.com
    httpHeaders: [{name: X-Forwarded-Proto, value: https}]
    liveness: {handler: /live, httpHeaders: [{name: X-Probe, value: live}]}
    readiness: {handler: /ready}
  - name: bare
    httpHeaders: [{name: X-Forwarded-Proto, value: https}]
    liveness: {offer: OnRequest, handler: tcp}
    readiness: {handler: tcp}
`

func TestHeadersComeFromTheProfile(t *testing.T) {
	p := mustParse(t, headersPolicy)
	host := func(name string) corev1.HTTPHeader { return corev1.HTTPHeader{Name: "Host", Value: name} }
	proto, live := corev1.HTTPHeader{Name: "X-Forwarded-Proto", Value: "https"}, corev1.HTTPHeader{Name: "X-Probe", Value: "live"}
	for name, row := range map[string]struct {
		annotations map[string]string
		want        map[probe.Kind][]corev1.HTTPHeader
	}{
		"a probe's own take the place of the profile's, also in its guard": {
			map[string]string{"probe-injector.dev/profile": "forced-tls"},
			map[probe.Kind][]corev1.HTTPHeader{
				probe.Startup: {host("shop.example.com"), live}, probe.Liveness: {host("shop.example.com"), live},
				probe.Readiness: {host("shop.example.com"), proto},
			},
		},
		"a Pod's host takes the place of the profile's, and its handler has the profile's headers": {
			map[string]string{
				"probe-injector.dev/profile": "forced-tls", "probe-injector.dev/liveness": "false",
				"probe-injector.dev/readiness": "/own", "probe-injector.dev/host-header": "other.example.com",
			},
			map[probe.Kind][]corev1.HTTPHeader{probe.Readiness: {host("other.example.com"), proto}},
		},
		"tcp sends none": {
			map[string]string{"probe-injector.dev/profile": "bare"},
			map[probe.Kind][]corev1.HTTPHeader{probe.Startup: nil, probe.Liveness: nil, probe.Readiness: nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := p.Decide(policy.Subject{Pod: podWith(row.annotations, web()), Route: policy.Route{}})
			got := map[probe.Kind][]corev1.HTTPHeader{}
			for _, in := range d.Injections {
				got[in.Kind] = nil
				if in.Probe.HTTPGet != nil {
					got[in.Kind] = in.Probe.HTTPGet.HTTPHeaders
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}
