package main

import (
	"context"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
)

// mostAnswers is for how many workloads that are hurt the last answer is read, the worst first: one request each.
const mostAnswers = 8

// auditing reads a cluster for an audit.
type auditing struct {
	*cluster.Cluster

	std        streams
	version    string
	policyName string
	selector   labels.Selector
	chunkSize  int64
	// namespace is the only one that is looked at; empty means all.
	namespace string
	options   audit.Options
}

// read reads all that the report is made of. The lists of what is there come after what was done about it, so that no Pod is
// said to have missed what came later.
func (a *auditing) read(ctx context.Context) (*audit.Report, error) {
	installed, err := a.Installation(ctx, audit.Own, audit.PolicyConfigMap)
	if err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	policy, err := a.policy(installed)
	if err != nil {
		return nil, err
	}
	auditor := audit.New(a.options)
	if err := a.objects(ctx, auditor); err != nil {
		return nil, a.incomplete(err)
	}
	report := auditor.Report()
	report.Context, report.Namespace, report.Selector, report.Policy = a.Context, a.namespace, a.selector.String(), policy
	if installed.Configurations == nil && installed.Denied != nil {
		report.Webhook = audit.Webhook{Unknown: installed.Denied.Error()}
		report.Notes = append(report.Notes, "what was missed is not known: that takes the webhook's configuration")
	} else {
		report.Webhook = audit.NewWebhook(installed.Configurations, installed.Server, a.options.Now)
	}
	if err := a.answers(ctx, report); err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	return report, nil
}

// incomplete says how to look at less, where not everything is allowed.
func (a *auditing) incomplete(err error) error {
	if cluster.IsForbidden(err) && a.namespace == "" {
		err = fmt.Errorf("%w; -n NAMESPACE looks at one", err)
	}
	return exit.With(exit.Incomplete, err)
}

// policy chooses the policy to judge by, and sets what the judgement takes from the installation.
func (a *auditing) policy(installed *cluster.Installation) (audit.Policy, error) {
	if own := audit.Own(installed.Configurations); own != nil {
		a.options.Registration = audit.NewRegistration(own)
	}
	found, err := policySource{a.policyName, a.version, a.std.in}.find(installed)
	if err != nil {
		return audit.Policy{}, err
	}
	a.options.Policy, a.options.RulesKnown = found.Policy, found.known
	if own := audit.Own(installed.Configurations); own != nil && installed.Policy != nil {
		a.options.RulesSince = audit.RulesSince(own, installed.Policy)
	}
	return audit.Policy{Place: found.place, Rules: len(found.Rules), Profiles: len(found.Profiles)}, nil
}

// objects hands all objects to the auditor, the Pods last.
func (a *auditing) objects(ctx context.Context, auditor *audit.Auditor) error {
	progress := progressOn(a.std.err)
	defer progress.end()
	list := func(prefix, name string) cluster.List {
		return cluster.List{
			Resource: cluster.Resource{Prefix: prefix, Name: name}, Namespace: a.namespace, PageSize: a.chunkSize, Progress: progress.show,
		}
	}
	if err := a.namespaces(ctx, auditor, list("/api/v1", "namespaces")); err != nil {
		return err
	}
	for kind, name := range map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"} {
		take := func(m *audit.Maker) { auditor.AddMaker(kind, m) }
		if err := cluster.Each(ctx, a.Cluster, list("/apis/apps/v1", name), func() {}, take); err != nil {
			return err
		}
	}
	events := list("/api/v1", "events")
	events.Fields = "reason=Killing"
	if err := cluster.Each(ctx, a.Cluster, events, auditor.BeginKills, auditor.AddKill); err != nil {
		return err
	}
	pods := list("/api/v1", "pods")
	pods.Labels = a.selector.String()
	return cluster.Each(ctx, a.Cluster, pods, auditor.BeginPods, auditor.AddPod)
}

// namespaces reads those that are looked at. Whoever may look into one may not always read it.
func (a *auditing) namespaces(ctx context.Context, auditor *audit.Auditor, list cluster.List) error {
	if a.namespace == "" {
		return cluster.Each(ctx, a.Cluster, list, func() {}, auditor.AddNamespace)
	}
	namespace, err := cluster.Namespace[audit.Namespace](ctx, a.Cluster, a.namespace)
	if namespace != nil {
		auditor.AddNamespace(namespace)
	}
	return err
}

// answers adds what the probes that hurt got last.
func (a *auditing) answers(ctx context.Context, report *audit.Report) error {
	asked := 0
	for i := range report.Findings {
		f := &report.Findings[i]
		if f.Type != audit.Hurting || asked == mostAnswers {
			break
		}
		asked++
		message, err := a.LastAnswer(ctx, f.Worst.Namespace, f.Worst.UID, f.Worst.Container, string(f.Worst.Kind))
		if err != nil {
			return err
		}
		f.LastAnswer = audit.Answer(message)
	}
	return nil
}

// progress shows on a terminal how far reading has come, in one line that goes away.
type progress struct{ to io.Writer }

// progressOn shows nothing where no person watches.
func progressOn(to io.Writer) progress {
	if !output.IsTerminal(to) {
		return progress{io.Discard}
	}
	return progress{to}
}

// eraseLine goes to the beginning of a terminal's line and erases it (ECMA-48, EL).
const eraseLine = "\r\x1b[K"

func (p progress) show(resource string, objects int) {
	fmt.Fprintf(p.to, "%sreading %s: %d", eraseLine, resource, objects)
}

func (p progress) end() { fmt.Fprint(p.to, eraseLine) }
