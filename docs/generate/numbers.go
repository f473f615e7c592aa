package main

import (
	"fmt"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// handlers are the two ways of asking that the numbers depend on.
const (
	overNetwork = "network"
	byCommand   = "exec"
)

// numbers are what one class gives in one style for one way of asking.
type numbers struct {
	class   timing.Class
	style   timing.Style
	handler string
	times   map[probe.Kind]timing.Timing
}

// kinds are those of the probes that the style injects, in order.
func (n *numbers) kinds() []probe.Kind {
	var kinds []probe.Kind
	for _, kind := range probe.Kinds() {
		if _, ok := n.times[kind]; ok {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// derive asks for all probes of a container about which nothing but its class is known.
func derive(class timing.Class, style timing.Style, handler string) (numbers, error) {
	plan := timing.Plan{Inject: true, Exec: handler == byCommand}
	in := timing.Inputs{
		Class: class, Style: style, MaxStartupBudget: int32(v1alpha1.DefaultMaxStartupBudget.Seconds()),
		Liveness: plan, Readiness: plan,
	}
	if style == timing.StyleStartupProbe {
		in.Startup = plan
	}
	schedule, clashes := timing.Derive(in)
	if len(clashes) > 0 {
		return numbers{}, fmt.Errorf("class %s contradicts itself: %s %s", class.Name, clashes[0].Subject(), clashes[0].Fact)
	}
	times := map[probe.Kind]timing.Timing{probe.Liveness: schedule.Liveness, probe.Readiness: schedule.Readiness}
	if in.Startup.Inject {
		times[probe.Startup] = schedule.Startup
	}
	return numbers{class: class, style: style, handler: handler, times: times}, nil
}

func styles() []timing.Style {
	return []timing.Style{timing.StyleStartupProbe, timing.StyleInitialDelay}
}

// numbersFile has one line for each class, style, way of asking and probe: a change to any is a change to what people
// get, and shows in the diff of this file.
func numbersFile(root string) (string, error) {
	var text strings.Builder
	for _, class := range timing.Classes() {
		for _, style := range styles() {
			for _, handler := range []string{overNetwork, byCommand} {
				n, err := derive(class, style, handler)
				if err != nil {
					return "", err
				}
				for _, kind := range n.kinds() {
					t := n.times[kind]
					fmt.Fprintf(&text, "%s %s %s %s: %s\n", class.Name, style, handler, kind, fields(t))
				}
			}
		}
	}
	known, err := readCatalogue(root)
	if err != nil {
		return "", err
	}
	presets, err := presetLines(known)
	return text.String() + presets, err
}

func fields(t timing.Timing) string {
	return fmt.Sprintf("initialDelaySeconds=%d timeoutSeconds=%d periodSeconds=%d successThreshold=%d failureThreshold=%d",
		t.InitialDelaySeconds, t.TimeoutSeconds, t.PeriodSeconds, t.SuccessThreshold, t.FailureThreshold)
}
