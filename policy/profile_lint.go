package policy

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// otherRules are those that do not count here, where an admin knows the software: PS030 speaks of what is missing, PS025 and
// PS026 guess from the words of a path, and PS044 from a startup handler of its own that it passes too early.
var otherRules = []lint.ID{lint.LivenessAlone, "PS025", "PS026", "PS044"}

// checkProfile finds times of an admin's profile that contradict each other, and what the lint rules say of its probes: what
// they warn of would be taken back in every Pod. The admin hears of it when the policy is loaded.
func checkProfile(p *v1alpha1.Profile, path *field.Path) field.ErrorList {
	compiled, err := compileProfile(p)
	if err != nil {
		return nil // compile says it
	}
	if clashes := compiled.clashes(path); len(clashes) > 0 {
		return clashes
	}
	var errs field.ErrorList
	pod, container := compiled.specimen()
	for _, f := range lint.New(lint.Warning).Check(pod, container) {
		if container.Probes.Has(f.Kind) && !slices.Contains(otherRules, f.Rule) {
			errs = append(errs, field.Invalid(path.Child(string(f.Kind)), compiled.name, f.Message+" ("+string(f.Rule)+")"))
		}
	}
	return errs
}

// specimenPort is where the probes of a specimen go whose handler names no number.
const specimenPort = 8080

// specimen is a Pod with all that the profile could give to it.
func (p *profile) specimen() (*workload.Pod, *lint.Container) {
	timeline, _ := timing.Derive(p.timingInputs())
	own := &workload.Container{Name: p.name}
	container := &lint.Container{Container: own, StartupBudget: p.overrides.startupBudget}
	for _, kind := range probe.Kinds() {
		each, ok := p.probes[kind]
		if !ok && kind == probe.Startup {
			each = p.probes[probe.Liveness]
		}
		if each.handler.Scheme == "" {
			continue
		}
		handler := each.handler
		if handler.Port.Number == 0 {
			handler.Port.Number = specimenPort
		}
		if handler.OverNetwork() && !own.Declares(handler.Port) {
			own.Ports = append(own.Ports, workload.ContainerPort{Name: handler.Port.Name, ContainerPort: handler.Port.Number})
		}
		handler.Port = probe.Port{Number: handler.Port.Number}
		container.Probes.Set(kind, build(&candidate{handler: handler}, timeline.Of(kind), handler.Headers))
	}
	return &workload.Pod{Metadata: &workload.ObjectMeta{}, Spec: workload.PodSpec{Containers: []workload.Container{*own}}}, container
}
