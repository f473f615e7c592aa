package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Stop is how a person stops a probe from hurting: by a command, or in words where no command does.
type Stop struct {
	Command string
	Advice  string
}

// stop finds annotations with which the engine no longer injects the probe, and changes as little else as it can.
func (a *Auditor) stop(j *judged, container string, kind probe.Kind) Stop {
	unwanted := []probe.Kind{kind}
	if kind == probe.Startup {
		// Without it, liveness would kill as early.
		unwanted = append(unwanted, probe.Liveness)
	}
	kept := a.kept(j, container, unwanted)
	var good map[string]string
	for _, keys := range j.attempts(container, unwanted) {
		left, stopped := a.injectedWith(j.view, keys, container, unwanted)
		switch {
		case !stopped:
			continue
		case maps.Equal(left, kept):
			return a.write(j, keys)
		case good == nil:
			good = keys
		}
	}
	if good == nil {
		return Stop{}
	}
	return a.write(j, good)
}

// place is a probe of a container.
type place struct {
	container string
	kind      probe.Kind
}

// kept are the injected probes that should stay, by their handlers. The startup probe that only guards liveness goes with it.
func (a *Auditor) kept(j *judged, container string, unwanted []probe.Kind) map[place]string {
	kept := map[place]string{}
	for _, own := range j.injected {
		guard := own.Kind == probe.Startup && slices.Contains(unwanted, probe.Liveness)
		if own.Container == container && (slices.Contains(unwanted, own.Kind) || guard) {
			continue
		}
		kept[place{own.Container, own.Kind}] = own.Handler
	}
	return kept
}

// attempts are annotations that may stop the probes, the shortest first. The last ones always do.
func (j *judged) attempts(container string, unwanted []probe.Kind) []map[string]string {
	const off = "false"
	short, long := map[string]string{}, map[string]string{}
	for _, kind := range slices.Backward(unwanted) {
		short[annotation.Key("", string(kind))] = off
		long[annotation.Key(container, string(kind))] = off
	}
	attempts := []map[string]string{short, long}
	if len(unwanted) > 1 {
		alone := maps.Clone(short)
		delete(alone, annotation.Key("", string(probe.Startup)))
		attempts = slices.Insert(attempts, 0, alone)
	}
	if named := j.naming(container, unwanted); len(named) > 0 {
		// A Pod that a rule has chosen loses the rule with its first key.
		all := maps.Clone(long)
		maps.Copy(all, named)
		attempts = append(attempts, all)
	}
	return append(attempts,
		map[string]string{annotation.Key(container, string(annotation.Inject)): off},
		map[string]string{annotation.Key("", string(annotation.Inject)): off},
	)
}

// naming are keys that ask for the other injected probes by name.
func (j *judged) naming(container string, unwanted []probe.Kind) map[string]string {
	keys := map[string]string{}
	for _, own := range j.injected {
		if own.Container == container && slices.Contains(unwanted, own.Kind) {
			continue
		}
		if _, err := annotation.ParseHandler(own.Handler); err == nil {
			keys[annotation.Key(own.Container, string(own.Kind))] = own.Handler
		}
	}
	return keys
}

// injectedWith is what the engine injects into the Pod with more annotations, beside the unwanted probes of the container,
// and reports whether it injects none of these.
func (a *Auditor) injectedWith(pod *workload.Pod, keys map[string]string, container string, unwanted []probe.Kind) (map[place]string, bool) {
	before := policy.WithoutInjected(pod)
	metadata := workload.ObjectMeta{}
	if before.Metadata != nil {
		metadata = *before.Metadata
	}
	before.Metadata = &metadata
	metadata.Annotations = maps.Clone(metadata.Annotations)
	if metadata.Annotations == nil {
		metadata.Annotations = map[string]string{}
	}
	maps.Copy(metadata.Annotations, keys)
	d := a.options.Policy.Decide(policy.Subject{Pod: before})
	left := map[place]string{}
	for i := range d.Injections {
		in := &d.Injections[i]
		if in.Container.Name == container && slices.Contains(unwanted, in.Kind) {
			return nil, false
		}
		left[place{in.Container.Name, in.Kind}] = in.Handler.String()
	}
	return left, true
}

// write spells the command that puts annotations into the Pod template, or says what to do where there is none to patch.
func (a *Auditor) write(j *judged, keys map[string]string) Stop {
	w := j.row.Workload
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		lines = append(lines, fmt.Sprintf("%s: %q", key, keys[key]))
	}
	written := strings.Join(lines, ", ")
	patch := map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": keys}}}}
	kind, option := w.Kind, ""
	var then string
	switch w.Kind {
	case kindDeployment, kindStatefulSet, kindDaemonSet:
		then = a.makers[w].then()
	case kindReplicaSet, "replicationcontroller":
		then = "then delete its Pods: only new ones are made of the template"
	case "rollout.argoproj.io":
		// The API server merges lists of foreign kinds in no other way.
		option = " --type merge"
	case kindPod:
		return Stop{Advice: "delete the Pod and create it again with " + written}
	default:
		return Stop{Advice: fmt.Sprintf("let %s write %s on its Pods", w.Kind, written)}
	}
	// Maps of texts can be written as JSON.
	text, _ := json.Marshal(patch)
	return Stop{
		Command: fmt.Sprintf("kubectl -n %s patch %s %s%s -p %s", w.Namespace, kind, w.Name, option, quoted(string(text))),
		Advice:  then,
	}
}

// quoted is a word for a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
