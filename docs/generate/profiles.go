package main

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/environment"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

func profilesPage(root string) (string, error) {
	c, err := readCatalogue(root)
	if err != nil {
		return "", err
	}
	d := newDocument("Profiles",
		`For everybody: which software is detected without an annotation that names it, and which probes it gets. A profile says how
software of one kind is detected, which handlers show that it is ready and that it lives, how long it may take to start, and
what can go wrong. `+code("probe-injector profiles")+` prints the same in a terminal, together with the profiles of your own policy.`,
		"`policy/catalogue/catalogue.yaml`, `policy/environment` and `policy/evidence.go`")
	recognition(d)
	levels(d)
	for i, group := range c.Groups {
		d.heading(group.Title)
		profileGroup(d, c.Grouped(i), c.Verified)
	}
	hintsAndSidecars(d, c)
	return d.String(), nil
}

func recognition(d *document) {
	d.heading("How software is detected")
	d.paragraph(`A container shows what it runs by its image, its arguments, its ports and a few variables. The profiles of your policy are
tried first, then those below from top to bottom; the first that fits describes the container. No registry is
contacted, and nothing is run.

- **Images** are compared by the last part of their name, or the last two, without registry, tag and digest. Images below
  one of your policy's ` + code("imageMirrors") + ` count as images of Docker Hub.
- **A command of its own speaks against the image**, unless it starts one of the software's own programs, or the container
  declares a port that only this software has: it may be a client that borrows the image. Rules then leave it alone, and
  Pods that opt in get readiness on the container's port; liveness only if you name the handler. The profile is not used.
  Arguments (` + code("args") + `) do not speak against it.
- **What is written can move an endpoint**: each profile lists the arguments and variables that do. A path prefix that is
  written is put before the path; what comes from a Secret or a ConfigMap is unknown, and then only the port is probed.
- **A handler without a port** goes to the first of the places under "port" that the container has, else to its only port.
- **Profiles without "detected by"** apply only where an annotation or a rule names them.
- **Naming a profile wins**: ` + code("probe-injector.dev/profile: NAME") + ` on the Pod ends the search.`)
	d.paragraph("What a container shows is worth more or less. A rule gives a probe only where the evidence reaches the policy's `confidence`; a Pod that opts in gets what there is.")
	var rows [][]string
	for _, e := range detect.EvidenceTable {
		rows = append(rows, []string{strings.ReplaceAll(string(e.Kind), "_", " "), strings.Replace(e.Because, "%s", "…", 1), string(e.Confidence), e.Gives})
	}
	d.table([]string{"evidence", "in words", "confidence", "gives"}, rows)
	d.heading("Variables that are read")
	d.paragraph("Of the environment only these variables are read, and the values only of those that are marked. What comes from a Secret or a ConfigMap is never known. The list is made from the profiles.")
	rows = nil
	for _, v := range environment.Known() {
		read := "no"
		switch {
		case len(v.Arguments) > 0:
			read = "only " + strings.Join(v.Arguments, ", ")
		case v.Value:
			read = "yes"
		}
		rows = append(rows, []string{code(v.Name), v.Purpose, read})
	}
	d.table([]string{"variable", "read for", "its value too"}, rows)
}

func levels(d *document) {
	d.heading("Who gets a probe")
	d.table([]string{"level", "meaning"}, [][]string{
		{catalogue.LevelOffered, "rules that ask for this probe, and Pods that ask"},
		{catalogue.LevelOnRequest, "only Pods that ask: " + code(`inject: "true"`) + " or the profile's name are enough"},
		{catalogue.LevelOwnKey, "only Pods that ask by the probe's own key, such as " + code(`liveness: "true"`)},
		{catalogue.LevelNever, "nobody; a handler that you write yourself is something else"},
	})
	d.paragraph(`**✓ Verified on the kubelet.** The tests run this software with the probes that its profile gives it, on a real kubelet or
with the kubelet's own prober alone ([verified.md](verified.md) lists which): it becomes Ready within the promised time, is
left alone while it is healthy and busy, and, where it gets liveness, is killed within the promised time when it is frozen
or, with ` + code("tcp") + `, when its port closes. The others rest on their source alone.`)
	d.paragraph("Liveness brings its startup probe along. What each class means in seconds is in [timing-classes.md](timing-classes.md).")
}

// profileGroup is a table to look things up in, and below it what does not fit into one.
func profileGroup(d *document, profiles []v1alpha1.Profile, verified []string) {
	var rows [][]string
	var notes strings.Builder
	for i := range profiles {
		p := &profiles[i]
		rows = append(rows, []string{
			code(p.Name) + mark(slices.Contains(verified, p.Name)), p.Summary, probeCell(p.Readiness), probeCell(p.Liveness), code(p.Class) + times(p), "[source](" + p.Source + ")",
		})
		notes.WriteString(aboutProfile(p))
	}
	d.table([]string{"profile", "software", "readiness", "liveness", "class", "from"}, rows)
	d.paragraph(notes.String())
}

// mark is what stands behind the name of a profile that was verified.
func mark(verified bool) string {
	if verified {
		return " ✓"
	}
	return ""
}

func probeCell(p *v1alpha1.ProfileProbe) string {
	parts := []string{catalogue.Level(p)}
	if handler := catalogue.Words(code).Handler(p); handler != "" {
		parts = append(parts, handler)
	}
	for _, each := range catalogue.Fields(p) {
		parts = append(parts, code(each))
	}
	return strings.Join(parts, " ")
}

// times are the profile's own figures beside those of its class.
func times(p *v1alpha1.Profile) string {
	var text strings.Builder
	for _, own := range []struct {
		lead string
		time *metav1.Duration
	}{{"startup budget", p.StartupBudget}, {"restart after", p.RestartAfter}, {"unready after", p.UnreadyAfter}} {
		if own.time != nil {
			text.WriteString(", " + own.lead + " " + duration(v1alpha1.Seconds(own.time)))
		}
	}
	return text.String()
}

// aboutProfile is one item of a list.
func aboutProfile(p *v1alpha1.Profile) string {
	words := catalogue.Words(code)
	parts := []string{"**Risk:** " + p.Risk}
	var shown []string
	for i := range p.Detect {
		shown = append(shown, words.Detection(&p.Detect[i]))
	}
	if len(shown) > 0 {
		parts = append(parts, "**Detected by:** "+strings.Join(shown, "; or "))
	}
	if ports := words.Ports(p); ports != "" {
		parts = append(parts, "**Port:** "+ports)
	}
	if settings := words.Settings(p); settings != "" {
		parts = append(parts, "**What can move it:** "+settings)
	}
	if p.Startup != nil {
		parts = append(parts, "**Startup probe:** "+words.Handler(p.Startup))
	}
	return "- " + code(p.Name) + ". " + strings.Join(parts, ". ") + ".\n"
}

func hintsAndSidecars(d *document, c *catalogue.Catalogue) {
	d.heading("Times of what no profile describes")
	d.paragraph("A variable, an argument or an image may suggest the timing class of a container that has no profile. A hint makes a start longer, never shorter.")
	words := catalogue.Words(code)
	var rows [][]string
	for i := range c.ClassHints {
		rows = append(rows, []string{code(c.ClassHints[i].Class), words.Hint(&c.ClassHints[i])})
	}
	d.table([]string{"class", "suggested by"}, rows)
	d.heading("Containers that are never the main one")
	d.paragraph("Sidecars are known by the name of the container or by its image. Beside a container that is none they get no probe unless a key with their name writes its handler, and keys without a container's name never mean them. `knownSidecars` in the policy adds to the names.")
	kinds := map[catalogue.SidecarKind]string{
		catalogue.Injected:  "put into Pods by other webhooks, with probes of their own",
		catalogue.Helper:    "only help another container",
		catalogue.Companion: "also what a Pod is there for, if nothing else is in it",
	}
	var sidecars [][]string
	for i := range c.Sidecars {
		s := &c.Sidecars[i]
		sidecars = append(sidecars, []string{kinds[s.Kind], codes(s.Names), codes(s.Images)})
	}
	d.table([]string{"they are", "names", "images"}, sidecars)
}

func codes(names []string) string {
	marked := make([]string, len(names))
	for i, name := range names {
		marked[i] = code(name)
	}
	return strings.Join(marked, ", ")
}
