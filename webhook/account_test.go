package webhook_test

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/webhook"
)

// hostileBodies make as much memory of as few bytes as the view allows, at each place that can be there many times.
func hostileBodies() map[string][]byte {
	container := func(members string) []byte { return around(`{"spec":{"containers":[{"name":"a",` + members + `}]}}`) }
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.ReplaceAll(format, "#", strconv.Itoa(i)))
		}
		return b.String()
	}
	bodies := map[string][]byte{}
	for _, n := range []int{1, 100, 5_000, 20_000, 200_000} {
		for name, body := range map[string][]byte{
			"containers":                       around(`{"spec":{"containers":[` + many(n, `{}`) + `]}}`),
			"containers with all":              around(`{"spec":{"initContainers":[` + many(n, `{"livenessProbe":{"httpGet":{"port":1},"tcpSocket":{"port":"a"},"exec":{},"grpc":{}},"readinessProbe":{},"startupProbe":{},"restartPolicy":"a"}`) + `]}}`),
			"nulls":                            around(`{"spec":{"containers":[` + many(n, `null`) + `]}}`),
			"ports":                            container(`"ports":[` + many(n, `{}`) + `]`),
			"named ports":                      container(`"ports":[` + many(n, `{"name":"p#","protocol":"TCP"}`) + `]`),
			"arguments":                        container(`"args":[` + many(n, `""`) + `]`),
			"long arguments":                   container(`"args":[` + many(n, `"argument-#"`) + `]`),
			"headers":                          container(`"livenessProbe":{"httpGet":{"httpHeaders":[` + many(n, `{}`) + `]}}`),
			"annotations":                      around(`{"metadata":{"annotations":{` + many(n, `"#":""`) + `}}}`),
			"annotations, escaped":             around(`{"metadata":{"annotations":{` + many(n, `"\n#":"\n"`) + `}}}`),
			"labels":                           around(`{"metadata":{"labels":{` + many(n, `"a#":"b#"`) + `}}}`),
			"ownerReferences":                  around(`{"metadata":{"ownerReferences":[` + many(n, `{"controller":true}`) + `]}}`),
			"tolerations":                      around(`{"spec":{"tolerations":[` + many(n, `{"key":"k#"}`) + `]}}`),
			"known variables":                  container(`"env":[` + many(n, `{"name":"PORT"}`) + `]`),
			"known by a pattern":               container(`"env":[` + many(n, `{"name":"SPRING_#","value":"x"}`) + `]`),
			"unknown variables":                container(`"env":[` + many(n, `{"name":"A#","value":"x"}`) + `]`),
			"variables with much":              container(`"env":[{"name":"PORT","valueFrom":{` + many(n, `"#":[[],{}]`) + `}}]`),
			"unknown members":                  around(`{` + many(n, `"#":0`) + `}`),
			"unknown, escaped":                 around(`{"spec":{` + many(n, `"\u0061#":{"a":0}`) + `}}`),
			"an escaped string":                around(`{"metadata":{"annotations":{"a":"` + strings.Repeat(`\n`, n) + `"}}}`),
			"a string of no UTF-8":             around(`{"metadata":{"annotations":{"a":"` + strings.Repeat("\xff", n) + `"}}}`),
			"a name without an end":            []byte(`{"` + strings.Repeat("?", n) + `---&"`),
			"an escaped name without an end":   []byte(`{"` + strings.Repeat("?", n) + `\"---&"`),
			"a long name":                      []byte(`{"` + strings.Repeat("?", n) + `\"":1}`),
			"names of no UTF-8 without an end": []byte(`{"` + strings.Repeat("\xff", n) + `"`),
			"names of a kilobyte":              around(`{` + many(n/100, `"#`+strings.Repeat("?", 1000)+`":0`) + `}`),
			"escaped names of a kilobyte":      around(`{` + many(n/100, `"#`+strings.Repeat("?", 1000)+`\n":0`) + `}`),
			"names of no UTF-8":                around(`{` + many(n/100, `"#`+strings.Repeat("\xff", 1000)+`":0`) + `}`),
			"commas in a string":               around(`{"metadata":{"annotations":{"a":"` + strings.Repeat(`,`, n) + `"}}}`),
			"a member twice":                   around(`{"metadata":{"annotations":{"a":"` + strings.Repeat(`\n`, n) + `"}},"spec":{},"x":0,"x":0,"spec":{}}`),
			"a wrong type":                     around(`{"metadata":{"name":"` + strings.Repeat(`\n`, n) + `"},"spec":{"containers":7}}`),
		} {
			bodies[fmt.Sprintf("%d × %s", n, name)] = body
		}
	}
	for _, depth := range []int{10, 9_000} {
		bodies[fmt.Sprintf("%d arrays deep", depth)] = around(`{"x":` + strings.Repeat(`[`, depth) + strings.Repeat(`]`, depth) + `}`)
		bodies[fmt.Sprintf("%d objects deep", depth)] = around(`{"x":` + strings.Repeat(`{"a":`, depth) + `1` + strings.Repeat(`}`, depth) + `}`)
	}
	return bodies
}

// Whatever is sent, decoding allocates no more than what was accounted for, so that --max-in-flight-bytes bounds the
// memory of all reviews.
func TestDecodingAllocatesNoMoreThanWasAccounted(t *testing.T) {
	bodies := hostileBodies()
	for name, input := range badInputs(t) {
		bodies[name] = input.body
	}
	// Larger ones are never decoded.
	maps.DeleteFunc(bodies, func(_ string, body []byte) bool { return len(body) > webhook.MaxBodyBytes })
	for _, variables := range []int{0, 10, 1000} {
		bodies[fmt.Sprintf("a Pod with %d variables", variables)] = reviewOf(t, webPod(variables))
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			checkAccount(t, body)
			checkPreflightAccount(t, asPreflight(body))
		})
		runtime.GC()
	}
}

// asPreflight puts the Pod of a review where the template of a Deployment is, now and before.
func asPreflight(body []byte) []byte {
	before, object, found := bytes.Cut(body, []byte(`"object":`))
	pod, isWhole := bytes.CutSuffix(object, []byte("}}"))
	if !found || !isWhole {
		return body
	}
	workload := func(member string) string { return `"` + member + `":{"spec":{"template":` + string(pod) + `}}` }
	return slices.Concat(before, []byte(workload("object")+","+workload("oldObject")+"}}"))
}

// checkAccount decodes a body and holds what that allocates to what was accounted.
func checkAccount(t *testing.T, body []byte) {
	t.Helper()
	holdToAccount(t, body, webhook.AccountOf)
}

// checkPreflightAccount does the same for the review of a workload.
func checkPreflightAccount(t *testing.T, body []byte) {
	t.Helper()
	holdToAccount(t, body, webhook.AccountOfPreflight)
}

func holdToAccount(t *testing.T, body []byte, accountOf func([]byte) webhook.Account) {
	t.Helper()
	// What is counted is what the whole process allocates: others in it can only add to that.
	const attempts = 5
	var a webhook.Account
	for range attempts {
		a = accountOf(body)
		if nothingDecoded := a.Refused && a.Accounted == 0; a.Allocated <= a.Accounted || (nothingDecoded && a.Allocated < 1<<10) {
			return
		}
	}
	t.Errorf("of %d bytes %d were allocated, %d accounted (refused: %v)", len(body), a.Allocated, a.Accounted, a.Refused)
}

func TestAUsualReviewIsAccountedWithLittle(t *testing.T) {
	body := reviewOf(t, webPod(10))
	if a := webhook.AccountOf(body); a.Accounted > 96<<10 {
		t.Errorf("%d bytes accounted for a review of %d", a.Accounted, len(body))
	}
}
