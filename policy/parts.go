package policy

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Parts are how many of each thing a Pod has that a decision looks at one by one. Without bounds, a text of 2 MB holds
// 130,000 containers, about which one decides for seconds.
type Parts struct {
	Containers int
	// Ports are those of all containers; media servers have one for each call.
	Ports int
	// Words are those of all commands, probes' and their headers too, and the variables that are read.
	Words int
	// CommandBytes are those of all commands. No argument can be longer than 128 KiB (execve(2), MAX_ARG_STRLEN).
	CommandBytes int
}

// mostParts are the most that a Pod may have so that it is decided about.
var mostParts = Parts{Containers: 250, Ports: 5000, Words: 5000, CommandBytes: 128 << 10}

// PartsOf counts the parts of a Pod.
func PartsOf(pod *workload.Pod) Parts {
	var p Parts
	for _, containers := range [][]workload.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		p.Containers += len(containers)
		for i := range containers {
			c := &containers[i]
			p.Ports += len(c.Ports)
			p.Words += len(c.Env)
			p.addCommand(c.Command)
			p.addCommand(c.Args)
			for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				p.addProbe(probe)
			}
		}
	}
	return p
}

func (p *Parts) addCommand(words []string) {
	p.Words += len(words)
	for i := range words {
		p.CommandBytes += len(words[i])
	}
}

func (p *Parts) addProbe(probe *corev1.Probe) {
	if probe == nil {
		return
	}
	if probe.HTTPGet != nil {
		p.Words += len(probe.HTTPGet.HTTPHeaders)
	}
	if probe.Exec != nil {
		p.addCommand(probe.Exec.Command)
	}
}

// TooMany names the bound that a Pod exceeds, or is empty.
func (p Parts) TooMany() string {
	switch {
	case p.Containers > mostParts.Containers:
		return strconv.Itoa(mostParts.Containers) + " containers"
	case p.Ports > mostParts.Ports:
		return strconv.Itoa(mostParts.Ports) + " ports"
	case p.Words > mostParts.Words:
		return strconv.Itoa(mostParts.Words) + " arguments, headers and variables"
	case p.CommandBytes > mostParts.CommandBytes:
		return "128 KiB of commands"
	default:
		return ""
	}
}

// tooManyParts finds the Pods that nobody runs.
func tooManyParts(pod *podFacts) refusal {
	if bound := PartsOf(pod.Pod).TooMany(); bound != "" {
		return refusal{reason.TooManyParts, bound}
	}
	return refusal{}
}
