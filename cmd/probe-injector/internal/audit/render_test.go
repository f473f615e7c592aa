package audit_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// plain leaves all text as it is.
type plain struct{}

func (plain) Heading(text string) string                    { return text }
func (plain) Severity(_ audit.Severity, text string) string { return text }
func (plain) Faint(text string) string                      { return text }

// fleet has findings of every type.
func fleet(t *testing.T) *audit.Report {
	t.Helper()
	c := newCluster(t)
	killed := c.injected("web", web, asks())
	c.injected("web", web, asks())
	c.kill(killed, failedLiveness, 14, time.Hour)
	waiting(c.injected("mq", `{containers: [{name: mq, image: mq, ports: [{containerPort: 5672}]}]}`, map[string]string{"probe-injector.dev/readiness": "tcp:5672"}), 26*time.Minute)
	c.pod("api", web, asks())
	c.injected("api", web, asks())
	c.makers["Deployment"] = []*audit.Maker{
		read[audit.Maker](t, `{metadata: {name: mis, annotations: {probe-injector.dev/inject: "true"}}, spec: {template: {spec: `+web+`}}}`),
		read[audit.Maker](t, `{metadata: {name: wrong}, spec: {template: {metadata: {annotations: {probe-injector.dev/liveness: "=cmd|x"}}, spec: `+web+`}}}`),
	}
	const same = `{httpGet: {port: 8080, path: /x}, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5}`
	c.pod("danger", `{containers: [{name: app, ports: [{containerPort: 8080}], readinessProbe: `+same+`, livenessProbe: `+same+`}]}`, nil)
	tight := c.injected("ledger", `{containers: [{name: jvm, image: jvm, ports: [{containerPort: 8080}]}]}`, map[string]string{"probe-injector.dev/liveness": "/x", "probe-injector.dev/startup-budget": "2m"})
	tight.Status.Conditions[0].LastTransitionTime = before(time.Hour - 103*time.Second)
	r := c.audit()
	for i := range r.Findings {
		if r.Findings[i].Sign == audit.Killed {
			r.Findings[i].LastAnswer = "HTTP probe failed with statuscode: 503"
		}
	}
	replicas := int32(2)
	server := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &replicas}, Status: appsv1.DeploymentStatus{ReadyReplicas: 2}}
	server.Labels = map[string]string{"app.kubernetes.io/version": "0.1.0"}
	r.Webhook = audit.NewWebhook(configurations(t, c, "istio-sidecar-injector"), server, now())
	r.Policy = audit.Policy{Place: "ConfigMap probe-injector/probe-injector", Rules: 2, Profiles: 1}
	r.Context = "prod"
	return r
}

// configurations are ours, trusted, and others that change Pods.
func configurations(t *testing.T, c *cluster, others ...string) []admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	own := configuration(c.policy)
	for i := range own.Webhooks {
		own.Webhooks[i].ClientConfig.CABundle = bundle(t, now().Add(time.Hour))
	}
	all := []admissionregistrationv1.MutatingWebhookConfiguration{*own}
	for _, name := range others {
		other := own.DeepCopy()
		other.Name = name
		for i := range other.Webhooks {
			other.Webhooks[i].Name = "other.example.com"
		}
		all = append(all, *other)
	}
	return all
}

func TestTextForPeople(t *testing.T) {
	for name, options := range map[string]audit.TextOptions{
		"summary.txt":   {},
		"namespace.txt": {ByNamespace: true},
		"only.txt":      {Only: []audit.Type{audit.Misplaced, audit.Wrong, audit.Dangerous, audit.Bare}},
	} {
		t.Run(name, func(t *testing.T) {
			options.Style = plain{}
			var text strings.Builder
			if err := fleet(t).WriteText(&text, options); err != nil {
				t.Fatal(err)
			}
			golden(t, name, text.String())
		})
	}
}

func TestAnEmptyClusterIsReportedToo(t *testing.T) {
	r := newCluster(t).audit()
	var text strings.Builder
	if err := r.WriteText(&text, audit.TextOptions{Style: plain{}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "Looked at 0 workloads, 0 Pods, 0 namespaces") || !strings.Contains(text.String(), "Hurting now: 0") {
		t.Error(text.String())
	}
}

func TestTheSummaryShowsTheFirstOfMany(t *testing.T) {
	c := newCluster(t)
	for i := range 13 {
		c.kill(c.injected(fmt.Sprintf("web-%d", i), web, asks()), failedLiveness, int32(i+1), time.Hour)
	}
	var text strings.Builder
	if err := c.audit().WriteText(&text, audit.TextOptions{Style: plain{}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Hurting now: 13\n  shop/deployment/web-12  app  killed by our liveness 13x", "  and 3 more: --only hurting\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
}

func TestJSONHasListsAndNeverNull(t *testing.T) {
	for name, r := range map[string]*audit.Report{"empty": newCluster(t).audit(), "full": fleet(t)} {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte(`"installed":null`), nil)
		if bytes.Contains(text, []byte("null")) {
			t.Errorf("%s: %s", name, text)
		}
		for _, want := range []string{`"apiVersion":"probe-injector.dev/v1alpha1"`, `"kind":"Audit"`} {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
}

func TestCSVHasALineForEachWorkload(t *testing.T) {
	var text strings.Builder
	r := fleet(t)
	if err := r.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "fleet.csv", text.String())
	lines, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if err != nil || len(lines) != 1+len(r.Workloads) {
		t.Errorf("%d lines of %d workloads: %v", len(lines), len(r.Workloads), err)
	}
}

func TestASpreadsheetTakesNoCellForAFormula(t *testing.T) {
	c := newCluster(t)
	c.makers["Deployment"] = []*audit.Maker{read[audit.Maker](t, `{metadata: {name: x}, spec: {template: {metadata: {annotations: {probe-injector.dev/liveness: "=cmd|x"}}, spec: `+web+`}}}`)}
	r := c.audit()
	r.Findings[0].Container, r.Findings[0].Message = "", "=1+1"
	var text strings.Builder
	if err := r.WriteCSV(&text); err != nil || strings.Contains(text.String(), ",=1") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestSeverity(t *testing.T) {
	r := fleet(t)
	for _, row := range []struct {
		only []audit.Type
		at   audit.Severity
		want bool
	}{
		{[]audit.Type{audit.Bare}, audit.Note, true},
		{[]audit.Type{audit.Bare}, audit.Warning, false},
		{[]audit.Type{audit.Tight}, audit.Warning, true},
		{[]audit.Type{audit.Tight}, audit.Error, false},
		{[]audit.Type{audit.Wrong}, audit.Error, true},
		{nil, audit.Error, true},
	} {
		kept := fleet(t)
		kept.Keep(row.only)
		if got := kept.Reaches(row.at); got != row.want {
			t.Errorf("%v at %s: %t", row.only, row.at, got)
		}
	}
	if len(r.Findings) == 0 {
		t.Error("no findings")
	}
}
