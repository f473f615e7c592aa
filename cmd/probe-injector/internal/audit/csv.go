package audit

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

// WriteCSV writes a table for spreadsheets: a line for each workload, with how many findings of each type it has and what
// the worst of them says.
func (r *Report) WriteCSV(to io.Writer) error {
	head := []string{"namespace", "kind", "name", "pods", "readiness", "liveness", "startup"}
	for _, t := range Types() {
		head = append(head, string(t))
	}
	w := csv.NewWriter(to)
	_ = w.Write(append(head, "worst"))
	findings := map[Workload][]*Finding{}
	for i := range r.Findings {
		f := &r.Findings[i]
		findings[f.Workload] = append(findings[f.Workload], f)
	}
	for i := range r.Workloads {
		row := &r.Workloads[i]
		cells := []string{
			row.Namespace, row.Kind, row.Name, strconv.Itoa(row.Pods), string(row.Readiness), string(row.Liveness), string(row.Startup),
		}
		own := findings[row.Workload]
		for _, t := range Types() {
			n := len(slices.DeleteFunc(slices.Clone(own), func(f *Finding) bool { return f.Type != t }))
			cells = append(cells, strconv.Itoa(n))
		}
		worst := ""
		if len(own) > 0 {
			worst = strings.TrimPrefix(own[0].Container+": "+own[0].Message, ": ")
		}
		_ = w.Write(append(cells, harmless(worst)))
	}
	w.Flush()
	return w.Error()
}

// harmless keeps a spreadsheet from taking what others wrote for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func harmless(cell string) string {
	if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
		return "'" + cell
	}
	return cell
}
