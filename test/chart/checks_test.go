package chart_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// misfits are values that each may be, and that cannot be together, or would do harm later. The chart ends with one
// sentence.
func misfits(t *testing.T) map[string]struct{ values, want string } {
	pem := authorityPEM(t)
	return map[string]struct{ values, want string }{
		"an account with permissions that is everybody's": {`{serviceAccount: {create: false}}`, "name an account"},
		"alerts about workloads without the label that they need": {
			`{metrics: {prometheusRule: {enabled: true, workloads: true}}}`, "set injectedLabel to true",
		},
		"a Service that cannot have its name": {`{fullnameOverride: "", nameOverride: Probes}`, "set fullnameOverride"},
		"two rules of one name": {
			`{policy: {rules: [{name: a}, {name: b}, {name: a, namespaceSelector: {matchLabels: {x: "1"}}}]}}`,
			`policy.rules[2].name: "a" is the name of another rule`,
		},
		"a rule whose name is none":                    {`{policy: {rules: [{name: My_Rule}]}}`, `policy.rules[0].name: "My_Rule" is no name`},
		"a condition with the name of ours":            {`{webhook: {matchConditions: [{name: asks, expression: "true"}]}}`, `"asks" is the name of a condition of the chart's own`},
		"a condition with the name of our other one":   {`{webhook: {matchConditions: [{name: misses-probes, expression: "true"}]}}`, "misses-probes"},
		"two conditions of one name":                   {`{webhook: {matchConditions: [{name: a, expression: "true"}, {name: a, expression: "false"}]}}`, "matchConditions[1].name"},
		"a timeout that is longer than a request":      {`{policy: {rules: []}, webhook: {timeoutSeconds: 21}}`, "set webhook.timeoutSeconds to 20 or lower"},
		"four groups that overlap, of ten seconds":     {overlapping(10, `{matchLabels: {a: "1"}}`, `{matchLabels: {b: "1"}}`, `{matchLabels: {c: "1"}}`, `{}`), "4 groups of policy.rules may match the same namespace"},
		"six groups that overlap, of the default":      {overlapping(3, `{matchLabels: {a: "1"}}`, `{matchLabels: {b: "1"}}`, `{matchLabels: {c: "1"}}`, `{matchLabels: {d: "1"}}`, `{matchLabels: {e: "1"}}`, `{}`), "set webhook.timeoutSeconds to 2 or lower"},
		"metrics on the webhook's port of the Service": {`{ports: {metrics: 443}}`, "ports.metrics is 443"},
		"two equal ports":                              {`{ports: {health: 9443}}`, "ports.webhook and ports.health are both 9443"},
		"a port of root's on the node":                 {`{hostNetwork: true, ports: {webhook: 443}}`, "only root may listen below 1024"},
		"the kubelet's port on the node":               {`{hostNetwork: true, ports: {webhook: 10250}}`, "the kubelet or kube-proxy listens there"},
		"a bundle of garbage":                          {bundle("garbage"), "is no PEM certificate"},
		"a bundle that is a key":                       {bundle("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"), "contains a private key"},
		"a bundle with a key behind":                   {bundle(pem + "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n"), "contains a private key"},
		"a bundle that is cut off":                     {bundle(pem[:len(pem)-30]), "is no PEM certificate"},
		"a bundle of which the second is cut off":      {bundle(pem + pem[:len(pem)-30]), "something else than whole PEM certificates"},
		"a bundle that was encoded already":            {bundle("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"), "is no PEM certificate"},
		"a bundle of no certificate":                   {bundle("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"), "certificate 1 is damaged"},
		"a bundle with a byte too few":                 {bundle(strings.Replace(pem, "MII", "MI", 1)), "certificate 1 is damaged"},
		"a bundle whose certificate is short":          {bundle(pem[:strings.Index(pem, "\n")+65] + "\n-----END CERTIFICATE-----\n"), "x509: malformed certificate"},
		"a strategy by which nothing moves":            {`{updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}}`, "no Pod could ever be replaced"},
		"the same in percent":                          {`{updateStrategy: {rollingUpdate: {maxUnavailable: 0%, maxSurge: 0%}}}`, "no Pod could ever be replaced"},
		"one Pod of which one must stay":               {`{replicaCount: 1, podDisruptionBudget: {minAvailable: 1}}`, "podDisruptionBudget.minAvailable is 1 of 1"},
		"two Pods of which all must stay":              {`{podDisruptionBudget: {minAvailable: 100%}}`, "minAvailable is 100% of 2"},
		"two Pods of which a half, rounded, must stay": {`{podDisruptionBudget: {minAvailable: 51%}}`, "minAvailable is 51% of 2"},
		"Pods of which none may go":                    {`{podDisruptionBudget: {maxUnavailable: 0}}`, "podDisruptionBudget.maxUnavailable is 0"},
		"none in percent":                              {`{podDisruptionBudget: {maxUnavailable: 0%}}`, "podDisruptionBudget.maxUnavailable is 0%"},
		"a budget that is no number":                   {`{podDisruptionBudget: {maxUnavailable: one}}`, `"one" is neither a number nor a percentage`},
		"a memory limit that is none":                  {`{resources: {limits: {memory: 256MB}}}`, `"256MB" is no quantity`},
		"a memory limit that is too low":               {`{resources: {limits: {memory: 32Mi}}}`, "the webhook needs 64Mi at least"},
		"more memory asked for than there may be":      {`{resources: {requests: {memory: 512Mi}}}`, "resources.requests.memory is 512Mi, more than resources.limits.memory, which is 256Mi"},
		"a CPU limit below what the chart asks for":    {`{resources: {limits: {cpu: 10m}}}`, "resources.requests.cpu is 25m, more than resources.limits.cpu, which is 10m"},
		"a request that is no quantity":                {`{resources: {requests: {cpu: quarter}}}`, `resources.requests.cpu: "quarter" is no quantity`},
		"a limit of another kind that is none":         {`{resources: {limits: {ephemeral-storage: 1 Gi}}}`, `resources.limits.ephemeral-storage: "1 Gi" is no quantity`},
		"root, where nobody may be root":               {`{podSecurityContext: {runAsUser: 0}}`, "the kubelet starts no such container"},
		"root in the container alone":                  {`{securityContext: {runAsUser: 0}}`, "the kubelet starts no such container"},
		"root in the container, against the Pod":       {`{podSecurityContext: {runAsUser: 1000}, securityContext: {runAsUser: 0}}`, "the kubelet starts no such container"},
		"a flag that the server does not have":         {`{extraArgs: [--log-levl=debug]}`, "extraArgs[0]: the server has no flag --log-levl"},
		"a port that nobody asks":                      {`{extraArgs: [--log-level=debug, "--metrics-address=:9090"]}`, "extraArgs[1]: --metrics-address=:9090 is another port than ports.metrics, 8080"},
		"a drain that the kubelet would cut short":     {`{extraArgs: [--drain-duration=2m]}`, "set drainSeconds"},
		"a variable that is a number":                  {`{extraEnv: [{name: GOGC, value: 400}]}`, `extraEnv[0].value: 400 is no text: write it in quotes, value: "400"`},
		"a variable that is written as in a shell":     {`{extraEnv: [{name: GOGC=400}]}`, `extraEnv[0].name: "GOGC=400" is no name`},
		"an issuer of a kind that there is not":        {`{tls: {mode: cert-manager, certManager: {issuerRef: {name: ours, kind: clusterissuer}}}}`, "write Issuer or ClusterIssuer"},
		"a strategy of a StatefulSet":                  {`{updateStrategy: {type: OnDelete}}`, "write RollingUpdate or Recreate"},
		"a surge in quotes":                            {`{updateStrategy: {rollingUpdate: {maxSurge: "1"}}}`, `updateStrategy.rollingUpdate.maxSurge: "1" is neither a number nor a percentage`},
		"an address that is no range":                  {callers(`{ipBlock: {cidr: 10.0.0.1}}`), `networkPolicy.callers[0].ipBlock.cidr: "10.0.0.1" is no range`},
		"a range with too many bits":                   {callers(`{podSelector: {}}, {ipBlock: {cidr: "fd00::/129"}}`), `networkPolicy.callers[1].ipBlock.cidr: "fd00::/129" is no range`},
		"an exception that is no range":                {callers(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1]}}`), `networkPolicy.callers[0].ipBlock.except[0]`},
		"a block of null":                              {callers(`{ipBlock: null}`), `networkPolicy.callers[0].ipBlock.cidr: "" is no range`},
		"a peer that selects nobody":                   {callers(`{}`), "networkPolicy.callers[0] selects nobody"},
		"a peer of both kinds":                         {callers(`{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}`), "networkPolicy.callers[0] has an ipBlock and a selector"},
		"an existing Secret without a name":            {`{tls: {mode: existing-secret}}`, "tls.existingSecret.name must name the Secret"},
	}
}

// fits are close to misfits, and work.
func fits(t *testing.T) map[string]string {
	pem := authorityPEM(t)
	return map[string]string{
		"an account that is everybody's and may do nothing": `{serviceAccount: {create: false}, tls: {mode: cert-manager}}`,
		"alerts about workloads with the label":             `{injectedLabel: true, metrics: {prometheusRule: {enabled: true, workloads: true}}}`,
		"the longest timeout":                               `{policy: {rules: []}, webhook: {timeoutSeconds: 20}}`,
		"the longest timeout of one group":                  `{webhook: {timeoutSeconds: 10}}`,
		"five groups that overlap, of the default":          overlapping(3, `{matchLabels: {a: "1"}}`, `{matchLabels: {b: "1"}}`, `{matchLabels: {c: "1"}}`, `{matchLabels: {d: "1"}}`, `{}`),
		"many groups that exclude each other":               overlapping(10, `{matchLabels: {a: "1"}}`, `{matchLabels: {a: "2"}}`, `{matchLabels: {a: "3"}}`, `{matchLabels: {a: "4"}}`),
		"and one that overlaps with all of them":            overlapping(6, `{matchLabels: {a: "1"}}`, `{}`, `{matchLabels: {a: "2"}}`, `{matchLabels: {a: "3"}}`),
		"groups that exclude each other by expressions": overlapping(10, `{matchExpressions: [{key: a, operator: DoesNotExist}]}`,
			`{matchExpressions: [{key: a, operator: In, values: ["1", "2"]}]}`, `{matchLabels: {a: "3"}}`,
			`{matchExpressions: [{key: a, operator: Exists}, {key: a, operator: NotIn, values: ["1", "2", "3"]}]}`),
		"groups that share a selector":             overlapping(10, `{matchLabels: {a: "1"}}`, `{matchLabels: {a: "1"}}`),
		"two of three Pods":                        `{replicaCount: 3, podDisruptionBudget: {minAvailable: 2}}`,
		"a half of two Pods":                       `{podDisruptionBudget: {minAvailable: 50%}}`,
		"one per cent of two Pods":                 `{podDisruptionBudget: {maxUnavailable: 1%}}`,
		"no Pods, and one of them":                 `{replicaCount: 0, podDisruptionBudget: {minAvailable: 1}}`,
		"a budget that is not used":                `{podDisruptionBudget: {enabled: false, maxUnavailable: 0}}`,
		"a bundle of two":                          bundle("# ours\n" + pem + "\n# the one before\n" + pem),
		"a bundle with the line ends of Windows":   bundle(strings.ReplaceAll(pem, "\n", "\r\n")),
		"a bundle that is not used":                `{tls: {existingSecret: {caBundle: garbage}}}`,
		"the kubelet's port in a Pod":              `{ports: {webhook: 10250}}`,
		"a port of root's in a Pod":                `{ports: {webhook: 443}}`,
		"a condition of the admin's":               `{webhook: {matchConditions: [{name: asks-nothing, expression: "true"}]}}`,
		"the least memory":                         `{resources: {limits: {memory: 64Mi}}}`,
		"another limit":                            `{resources: {limits: {cpu: 1}}}`,
		"as much asked for as there may be":        `{resources: {requests: {cpu: 1, memory: 268435456}, limits: {cpu: 1000m, memory: 256Mi}}}`,
		"no limit, and more asked for":             `{resources: {requests: {memory: 2Gi}, limits: {memory: null}}}`,
		"no resources at all":                      `{resources: null}`,
		"a user where nobody may be root":          `{podSecurityContext: {runAsUser: 1000}}`,
		"root where anybody may be":                `{podSecurityContext: {runAsNonRoot: false, runAsUser: 0}}`,
		"root where the container may be":          `{podSecurityContext: {runAsUser: 0}, securityContext: {runAsNonRoot: false}}`,
		"a container's own user":                   `{podSecurityContext: {runAsUser: 0}, securityContext: {runAsUser: 1000}}`,
		"an address of the node's":                 `{extraArgs: ["--listen-address=10.0.0.1:9443"]}`,
		"an address that the kubelet fills in":     `{extraArgs: ["--metrics-address=$(METRICS)"], extraEnv: [{name: METRICS, value: ":8080"}]}`,
		"a flag of another image":                  `{image: {tag: v9.9.9}, extraArgs: [--something-new]}`,
		"a variable that is empty":                 `{extraEnv: [{name: GODEBUG, value: ""}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}`,
		"an issuer of another group":               `{tls: {mode: cert-manager, certManager: {issuerRef: {name: ours, kind: AWSPCAClusterIssuer, group: awspca.cert-manager.io}}}}`,
		"an issuer that is not used":               `{tls: {certManager: {issuerRef: {name: ours, kind: clusterissuer}}}}`,
		"a surge of a quarter":                     `{updateStrategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}}`,
		"ranges of both families":                  callers(`{ipBlock: {cidr: 10.0.0.1/32}}, {ipBlock: {cidr: "fd00::/8", except: ["fd00::1/128"]}}, {ipBlock: {cidr: "::ffff:10.0.0.0/104"}}`),
		"callers that are not used":                `{networkPolicy: {callers: [{}]}}`,
		"replaced by somebody who deletes all":     `{updateStrategy: {type: Recreate}}`,
		"values of a chart that had others beside": `{statusLabel: true, test: {image: {tag: "1.37"}}}`,
	}
}

// overlapping are rules with these namespaceSelectors, and a timeout.
func overlapping(timeout int, selectors ...string) string {
	var rules []string
	for i, selector := range selectors {
		rules = append(rules, `{name: r`+string(rune('a'+i))+`, namespaceSelector: `+selector+`}`)
	}
	text, err := json.Marshal(timeout)
	if err != nil {
		panic(err)
	}
	return `{policy: {rules: [` + strings.Join(rules, ", ") + `]}, webhook: {timeoutSeconds: ` + string(text) + `}}`
}

// callers are values of a NetworkPolicy with these peers.
func callers(peers string) string {
	return `{networkPolicy: {enabled: true, callers: [` + peers + `]}}`
}

// bundle are values with a bundle of the admin's.
func bundle(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return `{tls: {mode: existing-secret, existingSecret: {name: mine, caBundle: ` + string(quoted) + `}}}`
}

func authorityPEM(t *testing.T) string {
	t.Helper()
	authority, err := certificate.NewAuthority("the admin's")
	if err != nil {
		t.Fatal(err)
	}
	return string(authority.PEM())
}

// TestWhatCannotWorkIsRefusedWhenRendering: in one sentence, by both Helms.
func TestWhatCannotWorkIsRefusedWhenRendering(t *testing.T) {
	helm3 := newTemplate(t, charttools.Helm3)
	for name, c := range misfits(t) {
		t.Run(name, func(t *testing.T) {
			_, err := chart.Render(chart.Options{Values: c.values})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the error is %v, want one about %s", err, c.want)
			}
			if output, err := helm3.template(t, c.values); err == nil || !strings.Contains(output, c.want) {
				t.Errorf("helm-3: %v: %s", err, output)
			}
		})
	}
}

func TestWhatIsCloseToThatWorks(t *testing.T) {
	helm3 := newTemplate(t, charttools.Helm3)
	for name, values := range fits(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := chart.Render(chart.Options{Values: values}); err != nil {
				t.Error(err)
			}
			if output, err := helm3.template(t, values); err != nil {
				t.Errorf("helm-3: %v: %s", err, output)
			}
		})
	}
}

// template is helm template.
type template struct{ program, chart, folder string }

func newTemplate(t *testing.T, tool charttools.Tool) template {
	t.Helper()
	program, err := charttools.Path(t.Context(), tool)
	if err != nil {
		t.Fatal(err)
	}
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	return template{program, filepath.Join(root, "charts", "probe-injector"), t.TempDir()}
}

func (h template) template(t *testing.T, values string, more ...string) (string, error) {
	t.Helper()
	file := filepath.Join(h.folder, "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := append([]string{"template", "probe-injector", h.chart, "--namespace", "probe-injector", "-f", file}, more...)
	output, err := exec.CommandContext(t.Context(), h.program, arguments...).CombinedOutput()
	return string(output), err
}
