package lint

import "slices"

// table holds the rows of all rules_*.go files in the order of their ids, which run from PS001 without a gap.
var table = slices.Concat(
	refusedRules, brokenRules, toleranceRules, startRules, meaningRules, balanceRules, surroundingsRules, addressRules,
)

// Where the facts come from. The sources of Kubernetes are those of 1.36.3.
const (
	kubernetes = "https://github.com/kubernetes/kubernetes/blob/v1.36.3/"
	issues     = "https://github.com/kubernetes/kubernetes/issues/"

	validationSource = kubernetes + "pkg/apis/core/validation/validation.go"
	worker           = kubernetes + "pkg/kubelet/prober/worker.go"
	prober           = kubernetes + "pkg/kubelet/prober/prober.go"
	portResolving    = kubernetes + "pkg/probe/util.go"
	httpRequest      = kubernetes + "pkg/probe/http/request.go"
	httpProber       = kubernetes + "pkg/probe/http/http.go"
	tcpProber        = kubernetes + "pkg/probe/tcp/tcp.go"
	execProber       = kubernetes + "pkg/probe/exec/exec.go"
	restarting       = kubernetes + "pkg/api/v1/pod/util.go"
	stopping         = kubernetes + "pkg/kubelet/kuberuntime/kuberuntime_container.go"
	podSecurity      = kubernetes + "staging/src/k8s.io/pod-security-admission/policy/check_hostProbesAndhostLifecycle.go"

	concepts   = "https://kubernetes.io/docs/concepts/workloads/pods/probes/"
	task       = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"
	sidecars   = "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"
	deployment = "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds"
	secretsDoc = "https://kubernetes.io/docs/concepts/security/secrets-good-practices/" //nolint:gosec // a link, not a credential
	gates      = "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/"

	kubeScore    = "https://github.com/zegl/kube-score/blob/master/README_PROBES.md"
	kyverno      = "https://kyverno.io/policies/other/deny-commands-in-exec-probe/deny-commands-in-exec-probe/"
	dangerous    = "https://srcco.de/posts/kubernetes-liveness-probes-are-dangerous.html"
	breck        = "https://blog.colinbreck.com/kubernetes-liveness-and-readiness-probes-how-to-avoid-shooting-yourself-in-the-foot/"
	eks          = "https://docs.aws.amazon.com/eks/latest/best-practices/application.html"
	spring       = "https://docs.spring.io/spring-boot/reference/actuator/endpoints.html#actuator.endpoints.kubernetes-probes"
	distroless   = "https://github.com/GoogleContainerTools/distroless"
	linkerdTCP   = "https://github.com/linkerd/linkerd2/issues/7777"
	istioRewrite = "https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/"
)
