package explanation

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// full is a probe of which every member is set, with one of the handlers.
func full(handler func(*corev1.Probe)) *corev1.Probe {
	grace := int64(30)
	p := &corev1.Probe{
		InitialDelaySeconds: 5, TimeoutSeconds: 3, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 6,
		TerminationGracePeriodSeconds: &grace,
	}
	handler(p)
	return p
}

func line(p *corev1.Probe) string {
	w := Workload{Kind: "Deployment", Namespace: "shop", Name: "web", Answers: []Answer{{
		plan: "web: readiness", Containers: []Container{{Name: "web", Probes: []Probe{{Field: "readinessProbe", Value: p}}}},
	}}}
	return w.Line().String()
}

// leaves calls a function for every number and text below a value, which it may change.
func leaves(v reflect.Value, path string, visit func(path string, leaf reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			leaves(v.Elem(), path, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), path, visit)
		}
	default:
		visit(path, v)
	}
}

func TestEveryNumberAndWordOfAProbeChangesTheHash(t *testing.T) {
	service := "shop"
	handlers := map[string]func(*corev1.Probe){
		"http": func(p *corev1.Probe) {
			p.HTTPGet = &corev1.HTTPGetAction{
				Path: "/x", Port: intstr.FromInt32(80), Host: "h", Scheme: "HTTP", HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "v"}},
			}
		},
		"tcp":  func(p *corev1.Probe) { p.TCPSocket = &corev1.TCPSocketAction{Port: intstr.FromInt32(80), Host: "h"} },
		"grpc": func(p *corev1.Probe) { p.GRPC = &corev1.GRPCAction{Port: 80, Service: &service} },
		"exec": func(p *corev1.Probe) { p.Exec = &corev1.ExecAction{Command: []string{"check", "-v"}} },
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			p := full(handler)
			before, changed := line(p), 0
			leaves(reflect.ValueOf(p), "probe", func(path string, leaf reflect.Value) {
				old := reflect.ValueOf(leaf.Interface())
				switch {
				case strings.HasSuffix(path, ".Port.StrVal"), strings.HasSuffix(path, ".Port.Type"):
					// Ports are numbers.
					return
				case leaf.CanInt():
					leaf.SetInt(leaf.Int() + 1)
				default:
					leaf.SetString(leaf.String() + "x")
				}
				changed++
				if after := line(p); after == before {
					t.Errorf("%s makes no difference: %s", path, after)
				}
				leaf.Set(old)
			})
			if changed < 7 {
				t.Errorf("only %d members were changed", changed)
			}
		})
	}
}

func TestWhatALineSays(t *testing.T) {
	probe := Probe{Field: "readinessProbe", Value: full(func(p *corev1.Probe) { p.TCPSocket = &corev1.TCPSocketAction{Port: intstr.FromInt32(80)} })}
	with := func(c Container, probes ...Probe) []Container {
		c.Name, c.Probes = "web", probes
		return []Container{c}
	}
	for name, row := range map[string]struct {
		workload Workload
		says     string
	}{
		"probes with a hash":                       {Workload{Answers: []Answer{{plan: "web: readiness tcp:80", Containers: with(Container{}, probe)}}}, "web: readiness tcp:80 [a9943d]"},
		"the label is part of the hash":            {Workload{Answers: []Answer{{plan: "web: readiness tcp:80", Label: "a=true", Containers: with(Container{}, probe)}}}, "web: readiness tcp:80 [c58ba9]"},
		"the container is part of the hash":        {Workload{Answers: []Answer{{plan: "web: readiness tcp:80", Containers: []Container{{Name: "other", Probes: []Probe{probe}}}}}}, "web: readiness tcp:80 [d794ba]"},
		"the kind of probe is part of the hash":    {Workload{Answers: []Answer{{plan: "web: readiness tcp:80", Containers: with(Container{}, Probe{Field: "livenessProbe", Value: probe.Value})}}}, "web: readiness tcp:80 [1fede1]"},
		"nothing added has no hash":                {Workload{Answers: []Answer{{plan: "web: nothing: no_port"}}}, "web: nothing: no_port"},
		"never reached":                            {Workload{Unreached: "namespace x is never touched"}, "untouched: namespace x is never touched"},
		"misplaced keys are why nobody asked":      {Workload{Unreached: "no annotation", Misplaced: []string{"metadata.annotations[a/b]"}, Place: "spec"}, "untouched: misplaced: nothing reads metadata.annotations[a/b]; move it to spec"},
		"what the API server will refuse":          {Workload{Refused: "no", Answers: []Answer{{plan: "web: readiness tcp:80"}}}, "untouched: the API server will not accept it: no"},
		"audit with something to add":              {Workload{Answers: []Answer{{Mode: v1alpha1.ModeAudit, plan: "web: readiness tcp:80", Containers: with(Container{}, probe)}}}, "audit: would add web: readiness tcp:80 [a9943d]"},
		"audit with nothing to add":                {Workload{Answers: []Answer{{Mode: v1alpha1.ModeAudit, plan: "web: nothing: no_port"}}}, "audit: web: nothing: no_port"},
		"the last of two answers tells all":        {Workload{Answers: []Answer{{plan: "a"}, {plan: "a, b"}}}, "a, b"},
		"an answer without a status says why":      {Workload{Answers: []Answer{{Skips: []Skip{{Reason: "no_rule_matches", Fact: "no rule's podSelector matches"}}}}}, "untouched: no rule's podSelector matches"},
		"an answer that has nothing to say at all": {Workload{Answers: []Answer{{}}}, "untouched: there is nothing to add"},
	} {
		t.Run(name, func(t *testing.T) {
			row.workload.Kind, row.workload.Namespace, row.workload.Name = "Deployment", "shop", "web"
			got := row.workload.Line()
			if want := (Line{"shop/deployment/web", row.says}); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if parsed, ok := ParseLine(got.String()); !ok || parsed != got {
				t.Errorf("read back as %+v, %v", parsed, ok)
			}
		})
	}
}
