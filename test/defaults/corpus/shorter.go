package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// reading is why an author's liveness probe that is more patient than ours says nothing about the software.
type reading struct{ source, image, why string }

// readings are those that were read, one by one, beside the author's other probes.
var readings = []reading{
	{"helm/charts", "gcr.io/heptio-images/gangway", "three failures at 60 s beside a timeout of 1 s and a start of 20 s: the period is a round figure, not a stall"},
	{"helm/charts", "openebs/m-apiserver", "a command each minute, as in all eight containers of that chart"},
	{"helm/charts", "tomcat", "readiness has the same six failures at 30 s; the chart of another publisher tolerates 50 s of the same software"},
	{"openstack/openstack-helm", "quay.io/airshipit/horizon", "three failures at 60 s for a page, whose readiness is asked each 10 s"},
	{"openstack/openstack-helm", "quay.io/airshipit/keystone", "three failures at 60 s, the same for readiness"},
	{"openstack/openstack-helm", "quay.io/airshipit/masakari", "90 s with a timeout of 70 s are that project's figures for commands that call over its message bus"},
	{
		"wikimedia/operations-deployment-charts", "docker-registry.wikimedia.org/repos/data-engineering/blunderbuss",
		"60 failures at 5 s, 61 for readiness: five minutes to start, written where a startup probe is meant",
	},
	{
		"wikimedia/operations-deployment-charts", "docker-registry.discovery.wmnet/repos/data-engineering/topolvm",
		"three failures at 60 s, as in each container of that chart",
	},
	{"vllm-project/production-stack", "ubuntu", "4.7 hours, in which a shell's script installs vLLM from the network: no image says so"},
}

// WhyShorter is why the author of a row is more patient than we are; empty where nobody has read it.
func (r *Row) WhyShorter() string {
	image, _, _ := strings.Cut(r.Container.Image, ":")
	i := slices.IndexFunc(readings, func(each reading) bool { return each.source == r.Template.Source && each.image == image })
	if i < 0 {
		return ""
	}
	return readings[i].why
}

// shorter lists every liveness probe that is less patient than the author's.
func (c *Comparison) shorter(b *strings.Builder) {
	var lines []string
	for i := range c.Rows {
		if row := &c.Rows[i]; row.Shorter {
			lines = append(lines, fmt.Sprintf("| %s | `%s` | %d s, %d s | %s |\n",
				row.Template.Source, row.Container.Image, row.Container.Starts, row.Container.Tolerates, row.WhyShorter()))
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.Sort(lines)
	fmt.Fprintf(b, "\n<details><summary>the %d liveness probes that are shorter than the author's</summary>\n\n"+
		"| published in | image | his start, his tolerance | what speaks against his figure |\n|---|---|---|---|\n%s\n</details>\n",
		len(lines), strings.Join(slices.Compact(lines), ""))
}
