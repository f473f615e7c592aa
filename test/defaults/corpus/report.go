package corpus

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Report writes the comparison of all modes as Markdown.
func Report() (string, error) {
	all, err := Read()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d templates with %d containers that their authors probe.\n", len(all), probed(all))
	for _, mode := range Modes() {
		c, err := Compare(mode, all)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n**%s**\n\n", upper(mode.Name))
		c.figures(&b)
		c.missing(&b)
		c.otherPorts(&b)
		c.shorter(&b)
	}
	return b.String(), nil
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func probed(all []Template) int {
	n := 0
	for i := range all {
		for _, c := range all[i].Containers {
			if c.Liveness+c.Readiness+c.Startup != "" {
				n++
			}
		}
	}
	return n
}

// Figures counts the rows of one kind of probe.
type Figures struct {
	// Author counts the probes that authors have, Injected those of them that we inject too.
	Author, Injected int
	Verdicts         map[Verdict]int
	Reasons          map[reason.Reason]int
	Shorter          int
}

// Of counts the rows of a kind.
func (c *Comparison) Of(kind probe.Kind) Figures {
	f := Figures{Verdicts: map[Verdict]int{}, Reasons: map[reason.Reason]int{}}
	for i := range c.Rows {
		row := &c.Rows[i]
		if row.Kind != kind {
			continue
		}
		f.Verdicts[row.Verdict]++
		if row.Verdict != Extra {
			f.Author++
		}
		if row.Verdict == Missing {
			f.Reasons[row.Reason]++
		}
		if row.Shorter {
			f.Shorter++
		}
	}
	f.Injected = f.Author - f.Verdicts[Missing]
	return f
}

func (c *Comparison) figures(b *strings.Builder) {
	ready, live := c.Of(probe.Readiness), c.Of(probe.Liveness)
	fmt.Fprint(b, "| | readiness | liveness |\n|---|---|---|\n")
	fmt.Fprintf(b, "| the author has it | %d | %d |\n", ready.Author, live.Author)
	fmt.Fprintf(b, "| injected of these | %s | %s |\n", share(ready.Injected, ready.Author), share(live.Injected, live.Author))
	for _, v := range Verdicts() {
		if v == Missing {
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", v, share(ready.Verdicts[v], ready.Injected), share(live.Verdicts[v], live.Injected))
	}
	fmt.Fprintf(b, "| shorter than the author's | – | %s |\n", share(live.Shorter, live.Injected))
	fmt.Fprintf(b, "\nTemplates whose probes are all in a container that the author does not probe: %d.\n", len(c.WrongContainer))
}

func share(n, of int) string {
	if n == 0 || of == 0 {
		return strconv.Itoa(n)
	}
	const percent = 100
	return fmt.Sprintf("%d (%.1f %%)", n, float64(n)*percent/float64(of))
}

func (c *Comparison) missing(b *strings.Builder) {
	for _, kind := range []probe.Kind{probe.Readiness, probe.Liveness} {
		reasons := c.Of(kind).Reasons
		names := slices.SortedFunc(maps.Keys(reasons), func(x, y reason.Reason) int {
			return cmp.Or(reasons[y]-reasons[x], strings.Compare(string(x), string(y)))
		})
		var said []string
		for _, name := range names {
			said = append(said, fmt.Sprintf("%s %d", name, reasons[name]))
		}
		if len(said) > 0 {
			fmt.Fprintf(b, "\nMissing %s: %s.\n", kind, strings.Join(said, ", "))
		}
	}
}

// otherPorts lists every probe on another port than the author's.
func (c *Comparison) otherPorts(b *strings.Builder) {
	var lines []string
	for i := range c.Rows {
		if row := &c.Rows[i]; row.Verdict == OtherPort {
			lines = append(lines, fmt.Sprintf("| %s | `%s` | %s | `%s` | `%s` |\n", row.Template.Source, row.Container.Image, row.Kind, row.Ours, row.Author))
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.Sort(lines)
	fmt.Fprintf(b, "\n<details><summary>the %d probes on another port</summary>\n\n| published in | image | probe | injected | the author's |\n|---|---|---|---|---|\n%s\n</details>\n",
		len(lines), strings.Join(slices.Compact(lines), ""))
}
