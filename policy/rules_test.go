package policy_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const ruledPolicy = `
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  confidence: {liveness: medium}
  rules:
  - name: labelled
    namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}
    podSelector: {matchLabels: {tier: front}}
    probes: [readiness, liveness]
  - name: stores
    namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}
    podSelector: {matchLabels: {tier: store}}
    statefulSets: true
  - name: watched
    namespaceSelector: {matchLabels: {watched: "yes"}}
    mode: Audit
  - name: again
    namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}
`

func owned(kind, apiVersion string) []workload.OwnerReference {
	return []workload.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: "owner", Controller: new(true)}}
}

func TestRulesApplyToPodsThatDidNotAsk(t *testing.T) {
	front := map[string]string{"tier": "front"}
	store := map[string]string{"tier": "store"}
	rows := map[string]struct {
		group    string
		labels   map[string]string
		owner    []workload.OwnerReference
		change   func(*workload.Pod)
		injected []string
		rule     string
		reason   reason.Reason
	}{
		"the first rule that selects the Pod": {"labelled", front, owned("ReplicaSet", "apps/v1"), nil, []string{"web/liveness", "web/readiness", "web/startup"}, "labelled", ""},
		"a later rule of the group":           {"labelled", nil, owned("DaemonSet", "apps/v1"), nil, []string{"web/readiness"}, "again", ""},
		"a group by the name of a later rule": {"again", front, owned("ReplicaSet", "apps/v1"), nil, []string{"web/liveness", "web/readiness", "web/startup"}, "labelled", ""},
		"a StatefulSet where a rule wants it": {"labelled", store, owned("StatefulSet", "apps/v1"), nil, []string{"web/readiness"}, "stores", ""},
		"no StatefulSet elsewhere":            {"labelled", front, owned("StatefulSet", "apps/v1"), nil, nil, "labelled", reason.StatefulSet},
		"no Pod without a controller":         {"labelled", front, nil, nil, nil, "labelled", reason.NoController},
		"no Pod of an operator":               {"labelled", front, owned("Cluster", "example.com/v1"), nil, nil, "labelled", reason.UnknownOwner},
		"no Job":                              {"labelled", front, owned("Job", "batch/v1"), func(p *workload.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }, nil, "labelled", reason.RestartPolicy},
		"no Windows":                          {"labelled", front, owned("ReplicaSet", "apps/v1"), func(p *workload.Pod) { p.Spec.OS = &workload.PodOS{Name: corev1.Windows} }, nil, "labelled", reason.Windows},
		"no Pod that carries a key of ours": {"labelled", front, owned("ReplicaSet", "apps/v1"), func(p *workload.Pod) {
			p.Metadata.Annotations = map[string]string{"probe-injector.dev/startup-budget": "5m"}
		}, nil, "", reason.AnnotatedPod},
		"nothing for a group that is not loaded": {"nosuch", front, owned("ReplicaSet", "apps/v1"), nil, nil, "", reason.RuleNotLoaded},
		"no guess among containers": {"labelled", front, owned("ReplicaSet", "apps/v1"), func(p *workload.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, web(func(c *workload.Container) { c.Name = "b" }))
		}, nil, "labelled", reason.AmbiguousContainers},
		"the container with the port beside a sidecar": {"labelled", front, owned("ReplicaSet", "apps/v1"), func(p *workload.Pod) { p.Spec.Containers = append(p.Spec.Containers, workload.Container{Name: "b"}) }, []string{"web/liveness", "web/readiness", "web/startup"}, "labelled", ""},
		"everything but change in audit mode":          {"watched", front, owned("ReplicaSet", "apps/v1"), nil, []string{"web/readiness"}, "watched", ""},
	}
	engine := mustParse(t, ruledPolicy)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			pod := podWith(nil, web())
			pod.Metadata.Labels, pod.Metadata.OwnerReferences = row.labels, row.owner
			if row.change != nil {
				row.change(pod)
			}
			d := engine.Decide(policy.Subject{Pod: pod, Route: policy.Route{Group: row.group}})
			if !slices.Equal(injected(d), row.injected) {
				t.Errorf("injected %v, want %v (skips %v)", injected(d), row.injected, d.Skips)
			}
			if d.Rule != row.rule {
				t.Errorf("rule %q, want %q", d.Rule, row.rule)
			}
			if row.reason != "" && (len(d.Skips) == 0 || d.Skips[0].Reason != row.reason) {
				t.Errorf("skips %v, want %q", d.Skips, row.reason)
			}
			if (d.Mode == v1alpha1.ModeAudit) != (row.rule == "watched") {
				t.Errorf("mode %q", d.Mode)
			}
			if len(d.Warnings) > 0 || d.Asked {
				t.Errorf("a Pod that did not ask is told %q", d.Warnings)
			}
		})
	}
}

func TestRulesDemandMoreConfidenceForLiveness(t *testing.T) {
	pod := podWith(nil, web())
	pod.Metadata.OwnerReferences = owned("ReplicaSet", "apps/v1")
	d := mustParse(t, adminPolicy).Decide(policy.Subject{Pod: pod, Route: policy.Route{Group: "everything"}})
	if got := injected(d); !slices.Equal(got, []string{"web/readiness"}) {
		t.Errorf("injected %v, want readiness only", got)
	}
	if got := reasonOf(d, probe.Liveness); got != reason.LowConfidence {
		t.Errorf("liveness: reason %q", got)
	}
	const want = "no liveness: low_confidence (medium, policy.confidence.liveness is high)"
	if !strings.Contains(d.Status, want) {
		t.Errorf("the status %q does not say %q", d.Status, want)
	}
}

func TestRouteChoosesTheRoutesOfTheAPIServer(t *testing.T) {
	labelled := map[string]string{"probe-injector.dev/inject": "true"}
	ready := func(c *workload.Container) { c.ReadinessProbe = &corev1.Probe{} }
	live := func(c *workload.Container) { c.LivenessProbe = &corev1.Probe{} }
	rows := map[string]struct {
		annotations map[string]string
		namespace   string
		labels      map[string]string
		container   workload.Container
		routes      []policy.Route
	}{
		"no label, no key":                 {nil, "shop", nil, web(), nil},
		"a key":                            {map[string]string{"probe-injector.dev/liveness": "/l"}, "shop", labelled, web(), []policy.Route{{}}},
		"a container's key":                {map[string]string{"web.probe-injector.dev/liveness": "/l"}, "shop", nil, web(), []policy.Route{{}}},
		"only a status":                    {map[string]string{"probe-injector.dev/status": "x"}, "shop", nil, web(), nil},
		"opted out":                        {map[string]string{"probe-injector.dev/inject": "false"}, "shop", labelled, web(), nil},
		"a mirror Pod":                     {map[string]string{"probe-injector.dev/inject": "true", "kubernetes.io/config.mirror": "x"}, "shop", nil, web(), nil},
		"a labelled namespace":             {nil, "shop", labelled, web(), []policy.Route{{Group: "labelled"}}},
		"a labelled namespace, partly":     {nil, "shop", labelled, web(ready), []policy.Route{{Group: "labelled"}}},
		"a labelled namespace, nothing":    {nil, "shop", labelled, web(ready, live), nil},
		"a namespace that is switched off": {map[string]string{"probe-injector.dev/liveness": "/l"}, "shop", map[string]string{"probe-injector.dev/inject": "false"}, web(), nil},
		"two groups":                       {nil, "shop", map[string]string{"probe-injector.dev/inject": "true", "watched": "yes"}, web(), []policy.Route{{Group: "labelled"}, {Group: "watched"}}},
		"a system namespace":               {map[string]string{"probe-injector.dev/liveness": "/l"}, "kube-system", nil, web(), nil},
	}
	engine := mustParse(t, ruledPolicy)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			got := engine.Routes(podWith(row.annotations, row.container), row.namespace, row.labels)
			if !slices.Equal(got, row.routes) {
				t.Errorf("routes %v, want %v", got, row.routes)
			}
		})
	}
}

func TestAProfileThatContradictsItselfIsRefused(t *testing.T) {
	_, err := policy.Parse([]byte(`
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  profiles:
  - name: hasty
    restartAfter: 2m
    liveness: {handler: /l, failureThreshold: 3, periodSeconds: 10}
`), "v0")
	if err == nil || !strings.Contains(err.Error(), `spec.profiles[0].liveness.failureThreshold: Invalid value: "hasty": restarts after 20s`) {
		t.Errorf("got %v", err)
	}
}
