// Package preflight tests, on a real API server with the real kubectl and both versions of Helm, what people are told who
// apply workloads: the story that testdata/story.txt tells, line by line, with how often the webhook was called.
//
//	TestStory             what each command prints, and how many calls it costs
//	TestOurFailures       that nobody waits for a server that is gone or hangs
//	TestControllersGoOn   that mode: Deny stops no rollout, restart and autoscaler of a workload with stored mistakes
//	TestPlan              that a plan is the status of the Pod that the controller then creates
//	TestOwnCertificates   that the chart's permissions are enough for both webhook configurations, and that only one matters
//	TestKindsOfOthers     that extraResources work for kinds that Kubernetes does not know
//
// After a change of words: cd test && go test ./preflight -update
package preflight
