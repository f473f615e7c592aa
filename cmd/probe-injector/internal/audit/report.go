package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// The identity of a report.
const (
	APIVersion = "probe-injector.dev/v1alpha1"
	Kind       = "Audit"
)

// Report is what an audit has found.
type Report struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Time       time.Time `json:"time"`
	// Context is the context of the kubeconfig.
	Context string `json:"context,omitempty"`
	// Namespace is the only one looked at; empty means all of them.
	Namespace string `json:"namespace,omitempty"`
	// Selector is the label selector of the Pods looked at.
	Selector string  `json:"selector,omitempty"`
	Webhook  Webhook `json:"webhook"`
	Policy   Policy  `json:"policy"`
	Looked   Looked  `json:"looked"`
	// Probes count workloads, by kind of probe.
	Probes []Count `json:"probes"`
	// Findings are sorted by type, the worst first, then by workload.
	Findings []Finding `json:"findings"`
	// Rules count the workloads of the dangerous findings, the most frequent first.
	Rules []RuleCount `json:"rules"`
	// Namespaces and Workloads are sorted by name.
	Namespaces []NamespaceCount `json:"namespaces"`
	Workloads  []Row            `json:"workloads"`
	// Notes say what could not be looked at.
	Notes []string `json:"notes"`
}

// Looked is how much was looked at.
type Looked struct {
	Workloads  int `json:"workloads"`
	Pods       int `json:"pods"`
	Namespaces int `json:"namespaces"`
}

// Count is how many workloads have a kind of probe, by where it comes from.
type Count struct {
	Probe    probe.Kind `json:"probe"`
	Written  int        `json:"written"`
	Injected int        `json:"injected"`
	None     int        `json:"none"`
}

// RuleCount is how many workloads a lint rule applies to.
type RuleCount struct {
	Rule      lint.ID  `json:"rule"`
	Severity  Severity `json:"severity"`
	Workloads int      `json:"workloads"`
	Summary   string   `json:"summary"`
}

// NamespaceCount is the report of one namespace in figures.
type NamespaceCount struct {
	Name      string       `json:"name"`
	Workloads int          `json:"workloads"`
	Pods      int          `json:"pods"`
	Probes    []Count      `json:"probes"`
	Findings  map[Type]int `json:"findings"`
}

// Row is one workload.
type Row struct {
	Workload

	Pods      int    `json:"pods"`
	Readiness Origin `json:"readiness"`
	Liveness  Origin `json:"liveness"`
	Startup   Origin `json:"startup"`
	// Findings are the types of its findings, the worst first.
	Findings []Type `json:"findings"`
}

// Origin is that of one kind of probe.
func (r *Row) Origin(kind probe.Kind) Origin {
	switch kind {
	case probe.Readiness:
		return r.Readiness
	case probe.Liveness:
		return r.Liveness
	default:
		return r.Startup
	}
}

// Report makes the report of all objects so far. The reader fills in what it knows of cluster, webhook and policy.
func (a *Auditor) Report() *Report {
	r := &Report{
		APIVersion: APIVersion, Kind: Kind, Time: a.options.Now.UTC().Truncate(time.Second),
		Findings: []Finding{}, Rules: []RuleCount{}, Namespaces: []NamespaceCount{}, Workloads: []Row{}, Notes: []string{},
	}
	for _, row := range a.all() {
		found := row.findings(a.makers[row.Workload])
		r.Findings = append(r.Findings, found...)
		r.Workloads = append(r.Workloads, row.row(found))
	}
	slices.SortStableFunc(r.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.Type.rank(), y.Type.rank()), cmp.Compare(x.Severity.rank(), y.Severity.rank()), cmp.Compare(y.weight, x.weight))
	})
	r.count()
	return r
}

// all are the rows of all workloads, those without Pods too, by name.
func (a *Auditor) all() []*row {
	rows := make([]*row, 0, len(a.rows)+len(a.makers))
	for _, r := range a.rows {
		rows = append(rows, r)
	}
	for w, m := range a.makers {
		if _, has := a.rows[w]; !has {
			rows = append(rows, &row{Workload: w, has: m.has})
		}
	}
	slices.SortFunc(rows, func(x, y *row) int { return x.Compare(y.Workload) })
	return rows
}

// row is the workload in the report.
func (r *row) row(found []Finding) Row {
	out := Row{
		Workload: r.Workload, Pods: r.pods,
		Readiness: r.has.of(probe.Readiness), Liveness: r.has.of(probe.Liveness), Startup: r.has.of(probe.Startup),
		Findings: []Type{},
	}
	for _, t := range Types() {
		if slices.ContainsFunc(found, func(f Finding) bool { return f.Type == t }) {
			out.Findings = append(out.Findings, t)
		}
	}
	return out
}

// count fills in all figures.
func (r *Report) count() {
	r.Looked.Workloads = len(r.Workloads)
	r.Probes = counts(r.Workloads)
	for i := range r.Workloads {
		r.Looked.Pods += r.Workloads[i].Pods
	}
	for rest := r.Workloads; len(rest) > 0; {
		name := rest[0].Namespace
		n := slices.IndexFunc(rest, func(row Row) bool { return row.Namespace != name })
		if n < 0 {
			n = len(rest)
		}
		r.Namespaces = append(r.Namespaces, namespaceCount(name, rest[:n]))
		rest = rest[n:]
	}
	r.Looked.Namespaces = len(r.Namespaces)
	r.countRules()
}

// namespaceCount counts the workloads of a namespace, and those that each type of finding concerns.
func namespaceCount(name string, rows []Row) NamespaceCount {
	out := NamespaceCount{Name: name, Workloads: len(rows), Probes: counts(rows), Findings: map[Type]int{}}
	for i := range rows {
		out.Pods += rows[i].Pods
		for _, t := range rows[i].Findings {
			out.Findings[t]++
		}
	}
	return out
}

func counts(rows []Row) []Count {
	var all []Count
	for _, kind := range shownKinds() {
		c := Count{Probe: kind}
		for i := range rows {
			switch rows[i].Origin(kind) {
			case Written:
				c.Written++
			case Injected:
				c.Injected++
			default:
				c.None++
			}
		}
		all = append(all, c)
	}
	return all
}

// countRules counts workloads, not findings: a rule may apply to several containers of one.
func (r *Report) countRules() {
	workloads := map[lint.ID]map[Workload]bool{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Type == Dangerous {
			if workloads[f.Rule] == nil {
				workloads[f.Rule] = map[Workload]bool{}
			}
			workloads[f.Rule][f.Workload] = true
		}
	}
	for _, rule := range lint.Rules() {
		if n := len(workloads[rule.ID]); n > 0 {
			r.Rules = append(r.Rules, RuleCount{rule.ID, severityOf(rule.Severity), n, rule.Summary})
		}
	}
	slices.SortStableFunc(r.Rules, func(x, y RuleCount) int { return cmp.Compare(y.Workloads, x.Workloads) })
}

// Of are the findings of a type.
func (r *Report) Of(t Type) []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Type != t })
}

// Number is how many workloads have a finding of a type.
func (r *Report) Number(t Type) int {
	n := 0
	for i := range r.Workloads {
		if slices.Contains(r.Workloads[i].Findings, t) {
			n++
		}
	}
	return n
}

// Reaches reports whether a finding is at least as severe.
func (r *Report) Reaches(least Severity) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity.rank() <= least.rank() })
}

// Keep leaves only the findings of some types.
func (r *Report) Keep(types []Type) {
	if len(types) > 0 {
		r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return !slices.Contains(types, f.Type) })
	}
}
