package policy_test

// drawnPolicies are the policy files that random Pods are decided by. Between them they use every setting that a
// decision can depend on. A rule's own groups are what the webhook configuration would have as entries.
func drawnPolicies() []drawnPolicy {
	return []drawnPolicy{
		{spec: "{}"},
		{spec: `
  imageMirrors: [harbor.corp.example/dockerhub, "registry.corp.example:5000/mirror"]
  rules:
  - name: everything
    probes: [readiness, liveness]
`, groups: []string{"everything"}},
		{spec: `
  confidence: {liveness: low, readiness: low}
  knownSidecars: [admin, proxy]
  rules:
  - name: front
    podSelector: {matchLabels: {tier: front}}
    probes: [readiness, liveness]
  - name: stores
    podSelector: {matchExpressions: [{key: tier, operator: In, values: [store, cache]}]}
    statefulSets: true
    profile: store
  - name: shops
    namespaceSelector: {matchLabels: {team: shop}}
    podSelector: {matchExpressions: [{key: tier, operator: Exists}]}
    probes: [liveness]
    profile: shop
  - name: watched
    namespaceSelector: {matchLabels: {watched: "yes"}}
    mode: Audit
    probes: [liveness, readiness]
  - name: others
    statefulSets: true
    probes: [readiness, liveness]
` + drawnProfiles, groups: []string{"front", "shops", "watched", "others"}},
		{spec: `
  style: InitialDelay
  inferredLiveness: false
  rules:
  - name: everything
    probes: [readiness, liveness]
    statefulSets: true
` + drawnProfiles, groups: []string{"everything"}},
		{spec: `
  style: InitialDelay
  confidence: {liveness: medium}
  imageMirrors: [harbor.corp.example/dockerhub]
  rules:
  - name: springs
    podSelector: {matchLabels: {tier: front}}
    profile: spring-boot
    probes: [readiness, liveness]
  - name: everything
    probes: [liveness]
`, groups: []string{"springs"}},
		{spec: `
  mode: Audit
  maxStartupBudget: 10m
  confidence: {liveness: medium, readiness: high}
  rules:
  - name: injected
    mode: Inject
    podSelector: {matchLabels: {tier: front}}
    profile: picky
    probes: [readiness]
  - name: audited
    podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [cache]}]}
    statefulSets: true
    probes: [readiness, liveness]
` + drawnProfiles, groups: []string{"injected"}},
		{spec: `
  inferredLiveness: false
  confidence: {readiness: high, liveness: high}
  knownSidecars: [cache]
  rules:
  - name: databases
    profile: postgres
    statefulSets: true
  - name: tcp
    namespaceSelector: {matchLabels: {team: shop}}
    profile: tcp
    probes: [readiness]
`, groups: []string{"databases", "tcp"}},
	}
}

// drawnPolicy is the spec of a policy file and the names by which its groups of rules are reached.
type drawnPolicy struct {
	spec   string
	groups []string
}

func (p drawnPolicy) file() string {
	return "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: " + p.spec + "\n"
}

// drawnProfiles use every member of a profile; the last one takes the place of a built-in one.
const drawnProfiles = `
  profiles:
  - name: shop
    class: jvm
    liveness: {handler: /live}
    readiness: {handler: /ready}
    startup: {handler: /started}
  - name: store
    class: database
    liveness: {offer: Never}
    readiness: {exec: {command: [store-ready, -q]}}
  - name: picky
    class: fast
    detect:
    - {images: ["*-picky*", "picky/web"], publishers: [registry.example], ports: [8080, http]}
    - {images: ["web"], minVersion: "3", maxVersion: "5", withoutEnv: [NODE_ENV]}
    - {env: [{name: KC_HTTP_HOST}, {name: PORT}]}
    - {env: [{name: SERVER_PORT, value: "9090"}]}
    - {env: [{name: JENKINS_OPTS}], withoutEnv: [NODE_ENV]}
    - {args: [--picky]}
    ports: [{arg: --picky-port}, {env: PORT}, {env: GF_SERVER_PROTOCOL, value: https, number: 8443}, {name: management}, {number: 9090}]
    startupBudget: 4m
    restartAfter: 40s
    unreadyAfter: 30s
    hostHeader: picky.example.com
    readiness: {handler: "https:/ready?full", periodSeconds: 7}
    liveness: {offer: OnRequest, ownKey: true, handler: grpc/liveness, timeoutSeconds: 3, terminationGracePeriodSeconds: 20}
    startup: {handler: tcp, periodSeconds: 4}
  - name: asked
    class: interpreted
    readiness: {offer: OnRequest, handler: "http:http/asked", initialDelaySeconds: 3, failureThreshold: 4}
    liveness: {offer: OnRequest, exec: {command: [asked, --live]}}
  - name: split
    liveness: {handler: tcp}
    readiness: {handler: "tcp:8443"}
    startup: {handler: "tcp:9090"}
  - name: named
    liveness: {handler: /live, failureThreshold: 5}
    startup: {handler: "http:management/started", failureThreshold: 50}
  - name: nginx
    detect: [{images: [nginx], ports: [80, 8080, http]}]
    hostHeader: nginx.example.com
    readiness: {handler: /nginx-ready}
    liveness: {handler: "tcp:80"}
`
