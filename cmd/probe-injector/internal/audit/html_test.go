package audit_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
)

const attack = `<img src=x onerror="alert(1)">`

// shownFleet is a fleet that looks like one: many workloads in several namespaces, and findings of every type.
func shownFleet(t *testing.T) *audit.Report {
	t.Helper()
	r := fleet(t)
	for i := range r.Findings {
		if r.Findings[i].Type == audit.Wrong {
			r.Findings[i].Message += " " + attack
		}
		if r.Findings[i].Sign == audit.Killed {
			r.Findings[i].LastAnswer = "HTTP probe failed with statuscode: 503 </q>" + attack
		}
	}
	return r
}

func page(t *testing.T, r *audit.Report) string {
	t.Helper()
	var text bytes.Buffer
	if err := r.WriteHTML(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestThePage(t *testing.T) { golden(t, "fleet.html", page(t, shownFleet(t))) }

func TestThePageTakesNothingForMarkup(t *testing.T) {
	text := page(t, shownFleet(t))
	if strings.Contains(text, "<img") || strings.Count(text, "&lt;img src=x onerror=") != 2 {
		t.Errorf("%d times as text", strings.Count(text, "&lt;img"))
	}
}

// The page asks for nothing: no address is in it that a browser would ask by itself.
func TestThePageAsksNobody(t *testing.T) {
	text := page(t, shownFleet(t))
	for _, found := range regexp.MustCompile(`(src|href|url|@import|action)\s*[=(:]\s*["']?[^"' >]+`).FindAllString(text, -1) {
		if !strings.HasPrefix(found, `href="#`) && !strings.HasPrefix(found, `href="data:,`) && !strings.HasPrefix(found, "src=x") {
			t.Errorf("found %s", found)
		}
	}
	if !strings.Contains(text, `default-src 'none'`) {
		t.Error("no policy keeps it from asking")
	}
}

// largeFleet has 5,000 workloads, each of which has findings of several types.
func largeFleet(t *testing.T) *audit.Report {
	t.Helper()
	c := newCluster(t)
	const same = `{httpGet: {port: 8080, path: /x}, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5}`
	bad := `{containers: [{name: app, ports: [{containerPort: 8080}], readinessProbe: ` + same + `, livenessProbe: ` + same + `}]}`
	for i := range 5000 {
		name := fmt.Sprintf("a-service-with-a-long-name-%04d", i)
		switch i % 4 {
		case 0:
			c.pod(name, bad, nil)
		case 1:
			c.kill(c.injected(name, web, asks()), failedLiveness, 3, time.Hour)
		case 2:
			c.pod(name, web, asks())
		default:
			c.pod(name, web, nil)
		}
		c.pods[len(c.pods)-1].Metadata.Namespace = fmt.Sprintf("namespace-%03d", i%100)
	}
	return c.audit()
}

func TestThePageOf5000WorkloadsIsSmall(t *testing.T) {
	text := page(t, largeFleet(t))
	if most := 2 << 20; len(text) > most {
		t.Errorf("%d bytes, at most %d", len(text), most)
	}
	if n := strings.Count(text, "<tr data-row>"); n < 5000 {
		t.Errorf("%d rows", n)
	}
	t.Logf("%d KiB", len(text)>>10)
}

func TestTheVerdict(t *testing.T) {
	for want, cluster := range map[string]func(*cluster){
		"A probe is hurting 1 workload.": func(c *cluster) { c.kill(c.injected("web", web, asks()), failedLiveness, 1, time.Hour) },
		"Probes are hurting 2 workloads.": func(c *cluster) {
			c.kill(c.injected("a", web, asks()), failedLiveness, 1, time.Hour)
			c.kill(c.injected("b", web, asks()), failedLiveness, 1, time.Hour)
		},
		"No probe is hurting a workload.": func(c *cluster) { c.injected("web", web, asks()) },
		"No probe is hurting a workload, but not all got what they ask for.": func(c *cluster) {
			c.pod("web", web, map[string]string{"probe-injector.dev/liveness": "off"})
		},
	} {
		t.Run(want, func(t *testing.T) {
			c := newCluster(t)
			cluster(c)
			if text := page(t, c.audit()); !strings.Contains(text, ">"+want+"</h1>") {
				t.Error(regexp.MustCompile(`<h1.*</h1>`).FindString(text))
			}
		})
	}
}
