package policyfile

// chartDefault is the policy of the chart's values.yaml. The chart is not part of this program; a test holds the two
// against each other.
const chartDefault = `apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  mode: Inject
  rules:
  - name: labelled-namespaces
    namespaceSelector:
      matchLabels:
        probe-injector.dev/inject: "true"
    podSelector: {}
    probes: [readiness]
    profile: ""
    statefulSets: false
  profiles: []
  imageMirrors: []
  knownSidecars: []
  confidence:
    readiness: medium
    liveness: high
  inferredLiveness: true
  maxStartupBudget: 1h
  style: StartupProbe
`

// chartValues are the outermost values of the chart. The same test holds them against it.
var chartValues = []string{
	"policy", "policyCheck", "webhook", "excludedNamespaces", "injectedLabel", "preflight", "tls", "replicaCount", "image",
	"imagePullSecrets", "priorityClassName", "resources", "log", "metrics", "validatingAdmissionPolicy", "nameOverride",
	"fullnameOverride", "commonLabels", "commonAnnotations", "deploymentAnnotations", "podLabels", "podAnnotations",
	"extraArgs", "extraEnv", "extraObjects", "podDisruptionBudget", "updateStrategy", "topologySpreadConstraints",
	"nodeSelector", "tolerations", "affinity", "drainSeconds", "revisionHistoryLimit", "serviceAccount", "rbac",
	"podSecurityContext", "securityContext", "ports", "hostNetwork", "dnsPolicy", "service", "networkPolicy",
}
