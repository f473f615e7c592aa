package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/trial"
)

// tryOptions are the flags of try.
type tryOptions struct {
	cluster    *cluster.Flags
	policyName string
	yes        bool
	output     *output.Flag
}

func newTry(version string, std streams) *cobra.Command {
	o := tryOptions{cluster: cluster.NewFlags(), output: output.Formats(outputText, outputJSON)}
	cmd := &cobra.Command{
		Use:   "try TYPE/NAME | try -n NAMESPACE",
		Short: "Ask running Pods what probes would ask, before anything depends on the answer",
		Long: fmt.Sprintf(`Ask running Pods what probes would ask, before anything depends on the answer.

Sends one GET for each http and https handler that would be injected to at most %d
running Pods of each workload, through the API server (pods/proxy), and says the
code, the time, and whether a probe would pass. It asks you once before.

Handlers of tcp, grpc and exec, those with headers of their own, and the ports of
MySQL are not tried. A Pod that does not ask for probes is tried as if it said
probe-injector.dev/inject: "true".

Exit codes: 0 fine, 1 a probe would fail, 2 wrong usage, nothing to try or not
confirmed, 3 the cluster or all of its Pods could not be reached.`, trial.MaxPods),
		Example: `  probe-injector try deployment/web -n shop
  probe-injector try -n shop --yes -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return o.run(ctx, args, version, std)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.policyName, "policy", "", policyUsage)
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before sending requests")
	o.output.AddTo(flags, "")
	o.cluster.AddTo(flags)
	return cmd
}

func (o *tryOptions) run(ctx context.Context, args []string, version string, std streams) error {
	if len(args) == 0 && o.cluster.Namespace() == "" {
		return errors.New("say what to try: TYPE/NAME, or -n NAMESPACE for all of its workloads")
	}
	c, err := o.cluster.Connect(version, std.err)
	if err != nil {
		return err
	}
	report, err := o.plan(ctx, c, args, version, std)
	if err != nil {
		return err
	}
	requests := trial.Count(report.Workloads)
	if requests > 0 && !o.yes {
		if err := confirm(std, fmt.Sprintf("Send %s to Pods of namespace %s? [y/N] ", count(requests, "request"), c.Namespace)); err != nil {
			return err
		}
	}
	if err := ask(ctx, c, report.Workloads); err != nil {
		return exit.With(exit.Incomplete, err)
	}
	trial.Settle(report.Workloads)
	return o.output.Write(std.out, ended(report), func(format string, to io.Writer) error {
		if format == outputJSON {
			return output.JSON(to, report)
		}
		return report.WriteText(to)
	})
}

// ended is how the verb ends.
func ended(report *trial.Report) error {
	switch {
	case trial.Has(report.Workloads, trial.Fail):
		return exit.ErrFound
	case trial.Has(report.Workloads, trial.Unknown) && !trial.Has(report.Workloads, trial.Pass):
		return exit.With(exit.Incomplete, errors.New("no Pod could be reached"))
	}
	return nil
}

// plan reads the Pods and decides what is asked.
func (o *tryOptions) plan(ctx context.Context, c *cluster.Cluster, args []string, version string, std streams) (*trial.Report, error) {
	installed, err := c.Installation(ctx, audit.Own, audit.PolicyConfigMap)
	if err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	found, err := policySource{o.policyName, version, std.in}.find(installed)
	if err != nil {
		return nil, err
	}
	labels, _, err := c.NamespaceLabels(ctx, c.Namespace)
	if err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	pods, err := podsToTry(ctx, c, args)
	if err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	subjects := trial.Plan(found.Policy, pods, c.Namespace, labels)
	if len(subjects) == 0 {
		return nil, errors.New("nothing to try: no Pod runs")
	}
	return &trial.Report{APIVersion: trial.APIVersion, Kind: trial.Kind, Context: c.Context, Policy: found.place, Workloads: subjects}, nil
}

// podsToTry are those of a workload, or all of the namespace.
func podsToTry(ctx context.Context, c *cluster.Cluster, args []string) ([]*audit.Pod, error) {
	var pods []*audit.Pod
	if len(args) == 0 {
		list := cluster.List{Resource: cluster.Resource{Prefix: "/api/v1", Name: "pods"}, Namespace: c.Namespace, PageSize: usualChunk}
		err := cluster.Each(ctx, c, list, func() { pods = nil }, func(pod *audit.Pod) { pods = append(pods, pod) })
		return pods, err
	}
	workload, err := c.Workload(c.Namespace, args[0])
	if err != nil {
		return nil, err
	}
	all, err := c.PodsOf(ctx, workload)
	if err != nil {
		return nil, err
	}
	for i := range all {
		pod, err := viewOf(&all[i])
		if err != nil {
			return nil, err
		}
		pods = append(pods, pod)
	}
	return pods, nil
}

// viewOf takes the part of a Pod that is looked at.
func viewOf(pod *corev1.Pod) (*audit.Pod, error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("reading Pod %s: %w", pod.Name, err)
	}
	view := &audit.Pod{}
	if err := json.Unmarshal(text, view); err != nil {
		return nil, fmt.Errorf("reading Pod %s: %w", pod.Name, err)
	}
	return view, nil
}

// confirm asks a person. No answer is no.
func confirm(std streams, question string) error {
	fmt.Fprint(std.err, question)
	line, _ := bufio.NewReader(std.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not confirmed: nothing was sent (--yes confirms)")
}

// onTheWay is what a request may take more than the probe, because it goes through the API server.
const onTheWay = time.Second

// ask sends the requests, one after the other: a person's command should not be a load.
func ask(ctx context.Context, c *cluster.Cluster, subjects []trial.Subject) error {
	prober, err := c.Prober()
	if err != nil {
		return err
	}
	for i := range subjects {
		for j := range subjects[i].Handlers {
			h := &subjects[i].Handlers[j]
			for k := range h.Tries {
				t := &h.Tries[k]
				target := cluster.Target{Namespace: subjects[i].Namespace, Pod: t.Pod, Scheme: string(h.Scheme), Port: h.Port, Path: h.Path}
				a, err := prober.Get(ctx, target, time.Duration(h.Seconds)*time.Second+onTheWay)
				if err != nil {
					return err
				}
				t.Judge(trial.Answer(a), h.Seconds)
			}
		}
	}
	return nil
}
