package webhook_test

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

// monsters are Pods that ask for probes and have as many parts as they can, of each kind.
func monsters(n int) map[string][]byte {
	many := func(format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = strings.ReplaceAll(format, "#", strconv.Itoa(i))
		}
		return strings.Join(parts, ",")
	}
	pod := func(annotations, spec string) []byte {
		return around(`{"metadata":{"annotations":{"probe-injector.dev/inject":"true"` + annotations + `}},"spec":{"restartPolicy":"Always",` + spec + `}}`)
	}
	const one = `"containers":[{"name":"web","image":"web:1","ports":[{"containerPort":8080}]}]`
	const probes = `"livenessProbe":{"httpGet":{"port":1},"tcpSocket":{"port":"a"},"exec":{},"grpc":{}},"readinessProbe":{"tcpSocket":{"port":"a"}},"startupProbe":{"tcpSocket":{"port":"b"}}`
	return map[string][]byte{
		"containers":                      pod("", `"containers":[`+many(`{"name":"c#"}`)+`]`),
		"empty containers":                pod("", `"containers":[`+many(`{}`)+`]`),
		"containers with ports":           pod("", `"containers":[`+many(`{"name":"c#","image":"nginx","ports":[{"containerPort":80#}]}`)+`]`),
		"containers on one port":          pod("", `"containers":[`+many(`{"name":"c#","image":"nginx","ports":[{"containerPort":80}]}`)+`]`),
		"containers with probes":          pod("", `"containers":[`+many(`{"name":"c#",`+probes+`}`)+`]`),
		"sidecars with probes":            pod("", one+`,"initContainers":[`+many(`{"name":"c#",`+probes+`,"restartPolicy":"Always"}`)+`]`),
		"containers that ask":             pod(","+many(`"c#.probe-injector.dev/liveness":"tcp:80"`), `"containers":[`+many(`{"name":"c#","ports":[{"containerPort":80}]}`)+`]`),
		"sidecars that ask":               pod(","+many(`"c#.probe-injector.dev/liveness":"tcp:80"`), one+`,"initContainers":[`+many(`{"name":"c#","restartPolicy":"Always"}`)+`]`),
		"ports":                           pod("", `"containers":[{"name":"web","ports":[`+many(`{"name":"p#","containerPort":#}`)+`]}]`),
		"the same port":                   pod("", `"containers":[{"name":"web","ports":[`+many(`{"name":"http","containerPort":80}`)+`]}]`),
		"unknown keys":                    pod(","+many(`"probe-injector.dev/livenes#":"x"`), one),
		"keys of unknown containers":      pod(","+many(`"c#.probe-injector.dev/liveness":"x"`), one),
		"unknown fields":                  pod(","+many(`"probe-injector.dev/liveness.x#":"3"`), one),
		"annotations of others":           pod(","+many(`"a#":"x"`), one),
		"arguments":                       pod("", `"containers":[{"name":"web","args":[`+many(`"--port=#"`)+`],"ports":[{"containerPort":80}]}]`),
		"variables":                       pod("", `"containers":[{"name":"web","env":[`+many(`{"name":"PORT","value":"#"}`)+`],"ports":[{"containerPort":80}]}]`),
		"a script":                        pod("", `"containers":[{"name":"web","command":["sh","-c","`+strings.Repeat("exec java ", n)+`"],"ports":[{"containerPort":80}]}]`),
		"tolerations":                     pod("", one+`,"tolerations":[`+many(`{"key":"k#"}`)+`]`),
		"headers of a probe":              pod("", `"containers":[{"name":"web","livenessProbe":{"httpGet":{"port":1,"httpHeaders":[`+many(`{"name":"x","value":"y"}`)+`]}}}]`),
		"a command of a probe":            pod("", `"containers":[{"name":"web","livenessProbe":{"exec":{"command":[`+many(`"curl"`)+`]}}}]`),
		"an image":                        pod("", `"containers":[{"name":"web","image":"`+strings.Repeat("a/", n)+`b:1","ports":[{"containerPort":80}]}]`),
		"a status":                        pod(`,"probe-injector.dev/status":"`+strings.Repeat("web: startup http:8080/x; ", n)+`"`, one),
		"a status of all containers":      pod(`,"probe-injector.dev/status":"`+many("c#: readiness tcp:80")+`"`, `"containers":[`+many(`{"name":"c#"}`)+`]`),
		"a key":                           pod(`,"probe-injector.dev/`+strings.Repeat("a", n)+`":"x"`, one),
		"a value":                         pod(`,"probe-injector.dev/liveness":"`+strings.Repeat("a", n)+`"`, one),
		"unknown keys and many probes":    pod(","+many(`"probe-injector.dev/livenes#":"x"`), `"containers":[`+many(`{"name":"c#",`+probes+`}`)+`]`),
		"commas":                          pod(`,"x":"`+strings.Repeat(",", n*100)+`"`, one),
		"arrays in each other":            pod("", one+`,"x":`+strings.Repeat("[", min(n, 9000))+strings.Repeat("]", min(n, 9000))),
		"ports of as many containers":     pod("", `"containers":[`+many(`{"name":"c#","ports":[{"containerPort":1},{"containerPort":2},{"containerPort":3},{"containerPort":4}]}`)+`]`),
		"containers with our profile":     pod(`,"probe-injector.dev/profile":"spring-boot",`+many(`"c#.probe-injector.dev/profile":"spring-boot"`), `"containers":[`+many(`{"name":"c#","ports":[{"containerPort":80}]}`)+`]`),
		"owners":                          around(`{"metadata":{"annotations":{"probe-injector.dev/inject":"true"},"ownerReferences":[` + many(`{"kind":"A#"}`) + `]},"spec":{` + one + `}}`),
		"containers of a Pod with a rule": around(`{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[` + many(`{"name":"c#"}`) + `]}}`),
	}
}

// mostDecide is how long deciding about any Pod may have a CPU. It takes 3 ms at most on a machine that has nothing else to do; one
// that is busy also slows down who has a CPU, so that the best of several attempts counts.
const mostDecide = 20 * time.Millisecond

// No body that is accepted costs more time than that, or more memory than was accounted for it.
func TestDecidingIsBounded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	longest, name := time.Duration(0), ""
	for _, n := range []int{1, 40, 200, 250, 1_000, 4_000, 16_000, 129_500} {
		for what, body := range monsters(n) {
			if len(body) > webhook.MaxBodyBytes {
				continue
			}
			title := fmt.Sprintf("%d × %s", n, what)
			t.Run(title, func(t *testing.T) {
				took := checkDecision(t, body)
				if took > longest {
					longest, name = took, title
				}
			})
		}
	}
	t.Logf("FIGURE the longest decision took %v: %s", longest.Round(10*time.Microsecond), name)
}

// checkDecision decides about a body until it is fast enough and takes no more memory than was accounted, a few times.
func checkDecision(t *testing.T, body []byte) time.Duration {
	t.Helper()
	const attempts = 5
	var c webhook.Cost
	for range attempts {
		if c = webhook.CostOf(body, policy.Default("test")); !c.Decoded || (c.Took < mostDecide && c.Allocated <= c.Accounted) {
			return c.Took
		}
	}
	t.Errorf("deciding about %d bytes took %v and %d bytes; %d were accounted", len(body), c.Took, c.Allocated, c.Accounted)
	return c.Took
}
