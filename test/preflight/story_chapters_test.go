package preflight

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a template says, in the chapters.
const (
	rightKeys  = `probe-injector.dev/liveness: "http:8080/healthz", probe-injector.dev/readiness: "http:8080/readyz"`
	wrongValue = `probe-injector.dev/startup-budget: "2 min"`
	wrongOther = `probe-injector.dev/host-header: "a b"`
	misplaced  = `probe-injector.dev/inject: "true"`
)

// deployment is a manifest with annotations of its own and of its template.
func deployment(name, own, template, image string) string {
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ` + name + `, annotations: {` + own + `}}, spec: {replicas: 1, selector: {matchLabels: {app: ` + name + `}},
		template: {metadata: {labels: {app: ` + name + `}, annotations: {` + template + `}}, spec: {containers: [{name: app, image: "` + image + `", ports: [{containerPort: 8080}]}]}}}}` + "\n"
}

func cronJob(own, jobs, template string) string {
	return `{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy, annotations: {` + own + `}}, spec: {schedule: "0 0 1 1 *", jobTemplate: {metadata: {annotations: {` + jobs + `}}, spec: {
		template: {metadata: {annotations: {` + template + `}}, spec: {restartPolicy: Never, containers: [{name: app, image: "a:1", ports: [{containerPort: 8080}]}]}}}}}}` + "\n"
}

func and(keys ...string) string { return strings.Join(keys, ", ") }

func story() []chapter {
	return []chapter{
		aMistake(), otherKinds(), nothingWrong(), thePlan(), gitOps(), mistakenTemplates(), leftAlone(), systemNamespace(), cronJobs(), helm(), noPlans(),
		stored(), denied(), neverDenied(),
	}
}

const apply = "kubectl apply -f -"

func aMistake() chapter {
	return chapter{name: "The mistake that nobody was told of", steps: []step{
		{what: "a good workload", run: apply, stdin: deployment("web", "", rightKeys, "a:1"), calls: 1},
		{what: "the annotation goes to the Deployment instead of its template", run: "kubectl annotate deployment web probe-injector.dev/inject=true", calls: 1},
		{what: "and away again", run: "kubectl annotate deployment web probe-injector.dev/inject-", calls: 1},
		{
			what: "the same mistake in two files at once", run: apply, calls: 2,
			stdin: deployment("api", misplaced, "", "a:1") + "---\n" + deployment("cart", misplaced, "", "a:1"),
		},
		{what: "a misspelt domain", run: apply, stdin: deployment("spelt", "", `probe-injector.io/inject: "true"`, "a:1"), calls: 1},
		{what: "the label that only Pods have, where it is on the Deployment", run: apply, stdin: strings.Replace(deployment("label", "", "", "a:1"), "metadata: {", `metadata: {labels: {probe-injector.dev/inject: "true"}, `, 1), calls: 1},
		{what: "a workload that does not mention us", run: apply, stdin: deployment("silent", "", "", "a:1")},
		{what: "nor does one with more annotations than the API server searches", run: apply + " --server-side", stdin: deployment("many", "", many(501), "a:1"), calls: 1},
		{what: "the same again", run: apply + " --server-side", stdin: deployment("many", "", many(501), "a:1")},
	}}
}

// many are annotations of others.
func many(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("example.com/%d: a", i))
	}
	return and(keys...)
}

// ofKind is a manifest like that of a Deployment.
func ofKind(kind, fields string) string {
	manifest := strings.Replace(deployment("web", "", and(rightKeys, wrongValue), "a:1"), "kind: Deployment", "kind: "+kind, 1)
	return strings.Replace(manifest, "replicas: 1, ", fields, 1)
}

func otherKinds() chapter {
	job := strings.NewReplacer("apps/v1", "batch/v1", "selector: {matchLabels: {app: web}},", "", "spec: {containers", "spec: {restartPolicy: Never, containers").Replace(ofKind("Job", ""))
	return chapter{name: "Whatever has a Pod template", steps: []step{
		{what: "a StatefulSet", run: apply, stdin: ofKind("StatefulSet", "replicas: 1, serviceName: web, "), calls: 1},
		{what: "a DaemonSet", run: apply, stdin: ofKind("DaemonSet", ""), calls: 1},
		{what: "a ReplicaSet that no controller owns", run: apply, stdin: ofKind("ReplicaSet", "replicas: 1, "), calls: 1},
		{what: "a Job that no controller owns", run: apply, stdin: job, calls: 1},
		{what: "a change on dry run", run: apply + " --dry-run=server", stdin: ofKind("StatefulSet", "replicas: 2, serviceName: web, "), calls: 1},
		{what: "all of them again", run: apply, stdin: ofKind("StatefulSet", "replicas: 1, serviceName: web, ") + "---\n" + ofKind("DaemonSet", "") + "---\n" + ofKind("ReplicaSet", "replicas: 1, ") + "---\n" + job},
		{what: "and away", run: "kubectl delete statefulset/web daemonset/web replicaset/web job/web"},
	}}
}

func nothingWrong() chapter {
	good := deployment("web", "", rightKeys, "a:1")
	return chapter{name: "Nothing wrong, nothing said", steps: []step{
		{what: "the good file again", run: apply, stdin: good},
		{what: "the other way of applying, a new file", run: apply + " --server-side", stdin: deployment("side", "", rightKeys, "a:1"), calls: 1},
		{what: "the same again", run: apply + " --server-side", stdin: deployment("side", "", rightKeys, "a:1")},
		{what: "a label", run: "kubectl label deployment web tier=front"},
		{what: "another number of replicas", run: "kubectl scale deployment web --replicas=3"},
		{what: "as a HorizontalPodAutoscaler does it", run: "kubectl scale deployment web --replicas=2 --as=system:serviceaccount:kube-system:horizontal-pod-autoscaler --as-group=system:masters"},
		{what: "the status, as kube-controller-manager writes it", run: "kubectl patch deployment web --subresource=status --type=merge " + wrongStatus + asController},
		{what: "another image", run: "kubectl set image deployment web app=a:2", calls: 1},
	}}
}

// The status that a controller writes, and writes again as it is right; and whom the API server takes it for.
const (
	wrongStatus  = `--patch={"status":{"collisionCount":7}}`
	asController = " --as=system:serviceaccount:kube-system:deployment-controller --as-group=system:masters"
)

func thePlan() chapter {
	const side = apply + " --server-side"
	return chapter{name: "The plan, for people who try it", steps: []step{
		{what: "dry run of a new file", run: apply + " --dry-run=server", stdin: deployment("plan", "", rightKeys, "a:1"), calls: 1},
		{what: "dry run of a change", run: apply + " --dry-run=server", stdin: deployment("web", "", rightKeys, "a:3"), calls: 1},
		{what: "server-side, dry run of what is there", run: side + " --dry-run=server", stdin: deployment("side", "", rightKeys, "a:1"), calls: 1},
		{what: "the difference", run: "kubectl diff -f -", stdin: deployment("web", "", rightKeys, "a:4"), calls: 1, fails: true},
		{what: "with a mistake", run: apply + " --dry-run=server", stdin: deployment("plan", "", and(rightKeys, wrongValue), "a:1"), calls: 1},
		{what: "nothing can be found", run: apply + " --dry-run=server", stdin: strings.Replace(deployment("plan", "", misplaced, "a:1"), ", ports: [{containerPort: 8080}]", "", 1), calls: 1},
	}}
}

func gitOps() chapter {
	const as = apply + " --server-side --force-conflicts --field-manager="
	wrong, changed := deployment("git", "", and(rightKeys, wrongValue), "a:1"), deployment("git", "", and(rightKeys, wrongValue), "a:2")
	return chapter{name: "GitOps controllers", steps: []step{
		{what: "Flux applies a mistake", run: as + "kustomize-controller", stdin: wrong, calls: 1},
		{what: "Flux looks whether something has changed", run: as + "kustomize-controller --dry-run=server", stdin: wrong},
		{what: "Flux applies it again", run: as + "kustomize-controller", stdin: wrong},
		{what: "Argo CD looks as well", run: as + "argocd-controller --dry-run=server", stdin: wrong},
		{what: "the image changes, dry run", run: as + "kustomize-controller --dry-run=server", stdin: changed, calls: 1},
		{what: "the image changes", run: as + "kustomize-controller", stdin: changed, calls: 1},
		{what: "a person looks by a ServiceAccount", run: as + "kubectl --dry-run=server --as=system:serviceaccount:shop:ci --as-group=system:masters", stdin: changed},
	}}
}

func mistakenTemplates() chapter {
	return chapter{name: "A mistake in the template", steps: []step{
		{what: "it is applied", run: apply, stdin: deployment("old", "", and(rightKeys, wrongValue), "a:1"), calls: 1},
		{what: "another image", run: "kubectl set image deployment old app=a:2", calls: 1},
		{what: "a restart", run: "kubectl rollout restart deployment old", calls: 1},
		{what: "another number of replicas", run: "kubectl scale deployment old --replicas=2"},
		{what: "all that can be wrong", run: apply, stdin: deployment("old", misplaced, and(rightKeys, wrongValue, wrongOther, `probe-injector.dev/start-period: "1m"`), "a:2"), calls: 1},
	}}
}

func leftAlone() chapter {
	return chapter{name: "A namespace labelled probe-injector.dev/inject=false", namespace: killed, steps: []step{
		{what: "a mistake", run: apply, stdin: deployment("web", misplaced, wrongValue, "a:1")},
	}}
}

func systemNamespace() chapter {
	return chapter{name: "A namespace of Kubernetes itself", namespace: "kube-system", steps: []step{
		{what: "a mistake", run: apply, stdin: deployment("web", misplaced, wrongValue, "a:1")},
		{what: "on dry run", run: apply + " --dry-run=server", stdin: deployment("web", misplaced, wrongValue, "a:2")},
		{what: "and away", run: "kubectl delete deployment web"},
	}}
}

func cronJobs() chapter {
	return chapter{name: "CronJobs", steps: []step{
		{what: "on its own metadata", run: apply, stdin: cronJob(misplaced, "", ""), calls: 1},
		{what: "on that of its Jobs", run: apply, stdin: cronJob("", misplaced, ""), calls: 1},
		{what: "in the template", run: apply, stdin: cronJob("", "", and(misplaced, wrongValue)), calls: 1},
		{what: "the schedule", run: `kubectl patch cronjob tidy --type=merge --patch={"spec":{"schedule":"@yearly"}}`},
		{what: "a suspended one", run: `kubectl patch cronjob tidy --type=merge --patch={"spec":{"suspend":true}}`},
		{what: "a Job by hand", run: "kubectl create job once --from=cronjob/tidy"},
		{what: "the plan", run: apply + " --dry-run=server", stdin: cronJob("", "", and(rightKeys, `probe-injector.dev/inject: "true"`)), calls: 1},
	}}
}

func helm() chapter {
	const flags = " RELEASE -n NAMESPACE --set image="
	var steps []step
	for _, tool := range []string{"helm-3", "helm-4"} {
		steps = append(
			steps,
			step{what: "install", run: tool + " install " + tool + flags + "a:1", calls: 1},
			step{what: "upgrade with another image", run: tool + " upgrade " + tool + flags + "a:2", calls: 1},
			step{what: "upgrade with nothing new", run: tool + " upgrade " + tool + flags + "a:2"},
		)
	}
	return chapter{name: "Helm", steps: steps}
}

func noPlans() chapter {
	return chapter{name: "plan: Never", values: `{preflight: {plan: Never}}`, steps: []step{
		{what: "dry run", run: apply + " --dry-run=server --warnings-as-errors", stdin: deployment("plan", "", rightKeys, "a:1"), calls: 1},
		{what: "server-side, dry run of what is there", run: apply + " --server-side --dry-run=server --warnings-as-errors", stdin: deployment("side", "", rightKeys, "a:1"), calls: 1},
	}}
}

// stored is what people stored before the admin chose Deny.
func stored() chapter {
	return chapter{name: "Stored before Deny", values: `{preflight: {plan: Never}}`, steps: []step{
		{what: "mistakes of every kind", run: apply, stdin: deployment("before", misplaced, and(rightKeys, wrongValue, wrongOther, `app.probe-injector.dev/readiness: "http:8080/readyz"`), "a:1"), calls: 1},
	}}
}

func denied() chapter {
	return chapter{name: "mode: Deny refuses what a change writes wrong", values: `{preflight: {mode: Deny}}`, steps: []step{
		{what: "a wrong value", run: apply, stdin: deployment("new", "", and(rightKeys, wrongValue), "a:1"), calls: 1, fails: true},
		{what: "all that is wrong at once", run: apply, stdin: deployment("new", misplaced, and(rightKeys, wrongValue, wrongOther), "a:1"), calls: 1, fails: true},
		{what: "on dry run", run: apply + " --dry-run=server", stdin: deployment("new", "", and(rightKeys, wrongValue), "a:1"), calls: 1, fails: true},
		{what: "server-side", run: apply + " --server-side", stdin: deployment("new", "", and(rightKeys, wrongValue), "a:1"), calls: 1, fails: true},
		{what: "by annotate", run: "kubectl annotate deployment web probe-injector.dev/inject=true", calls: 1, fails: true},
		{what: "an unknown key is only told", run: apply, stdin: deployment("new", "", and(rightKeys, `probe-injector.dev/start-period: "1m"`), "a:1"), calls: 1},
		{what: "a wrong key beside an old one", run: "kubectl annotate deployment before probe-injector.dev/profile=nginx", calls: 1, fails: true},
		{what: "a CronJob", run: apply, stdin: cronJob(misplaced, "", ""), calls: 1, fails: true},
		{what: "Helm", run: "helm-4 install refused RELEASE -n NAMESPACE --set image=a:1", calls: 1, fails: true},
	}}
}

func neverDenied() chapter {
	renamed := strings.Replace(deployment("before", misplaced, and(rightKeys, wrongValue, wrongOther, `app.probe-injector.dev/readiness: "http:8080/readyz"`), "a:3"), "name: app, image", "name: main, image", 1)
	return chapter{name: "mode: Deny never blocks what was stored before", values: `{preflight: {mode: Deny}}`, steps: []step{
		{what: "another image", run: "kubectl set image deployment before app=a:2", calls: 1},
		{what: "back to the template before", run: "kubectl rollout undo deployment before", calls: 1},
		{what: "another number of replicas", run: "kubectl scale deployment before --replicas=2"},
		{what: "as a HorizontalPodAutoscaler does it", run: "kubectl scale deployment before --replicas=3 --as=system:serviceaccount:kube-system:horizontal-pod-autoscaler --as-group=system:masters"},
		{what: "the status, as kube-controller-manager writes it", run: "kubectl patch deployment before --subresource=status --type=merge " + wrongStatus + asController},
		{what: "a restart", run: "kubectl rollout restart deployment before", calls: 1},
		{what: "a label", run: "kubectl label deployment before tier=front"},
		{what: "the container is renamed", run: apply, stdin: renamed, calls: 1},
		{what: "a wrong key is removed", run: `kubectl patch deployment before --type=merge --patch={"spec":{"template":{"metadata":{"annotations":{"probe-injector.dev/host-header":null}}}}}`, calls: 1},
		{what: "but what was removed is not written again", run: "kubectl rollout undo deployment before --to-revision=2", calls: 1, fails: true},
	}}
}

// writeRelease writes a chart with a mistake.
func writeRelease(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	manifest := strings.Replace(deployment("{{ .Release.Name }}", "", and(rightKeys, wrongValue), "IMAGE"), "IMAGE", "{{ .Values.image }}", 1)
	for name, text := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n", "values.yaml": "image: a:1\n", "templates/deployment.yaml": manifest,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
