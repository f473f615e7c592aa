package main

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// presetLines have one line for each probe of each built-in profile, as a Pod gets it that names the profile and asks
// for every probe by its own key.
func presetLines(c *catalogue.Catalogue) (string, error) {
	engine, err := policy.DefaultWith(c, "v0")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for i := range c.Profiles {
		p := &c.Profiles[i]
		d := engine.Decide(policy.Subject{Pod: podOf(p)})
		for j := range d.Injections {
			in := &d.Injections[j]
			fmt.Fprintf(&text, "profile %s %s: %s %s\n", p.Name, in.Kind, in.Handler, fields(in.Timing()))
		}
	}
	return text.String(), nil
}

// podOf is a Pod that names a profile, with the ports that it looks for.
func podOf(p *v1alpha1.Profile) *workload.Pod {
	c := workload.Container{Name: "app", Image: "registry.example/app"}
	for i := range p.Ports {
		c.Ports = append(c.Ports, workload.ContainerPort{Name: p.Ports[i].Name, ContainerPort: p.Ports[i].Number})
	}
	for i := range p.Detect {
		for _, port := range p.Detect[i].Ports {
			if port.Type == intstr.Int {
				c.Ports = append(c.Ports, workload.ContainerPort{ContainerPort: port.IntVal})
			} else {
				c.Ports = append(c.Ports, workload.ContainerPort{Name: port.StrVal})
			}
		}
	}
	const otherwise = 8080
	for i := range c.Ports {
		if c.Ports[i].ContainerPort == 0 {
			c.Ports[i].ContainerPort = otherwise
		}
	}
	if len(c.Ports) == 0 {
		c.Ports = []workload.ContainerPort{{ContainerPort: otherwise}}
	}
	annotations := map[string]string{annotation.Key("", string(annotation.Profile)): p.Name}
	for _, kind := range []probe.Kind{probe.Liveness, probe.Readiness} {
		annotations[annotation.Key("", string(kind))] = "true"
	}
	return &workload.Pod{Metadata: &workload.ObjectMeta{Annotations: annotations}, Spec: workload.PodSpec{Containers: []workload.Container{c}}}
}
