package corpus

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

//go:embed templates.jsonl
var templates []byte

// Template is what is kept of one published Pod template.
type Template struct {
	// Source and File say where it is published, or rendered from.
	Source string `json:"source"`
	File   string `json:"file"`
	// Kind and Name are those of the workload.
	Kind        string      `json:"kind"`
	Name        string      `json:"name"`
	HostNetwork bool        `json:"hostNetwork"`
	Containers  []Container `json:"containers"`
}

// Container is one container of a template.
type Container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// Ports are NUMBER, NAME:NUMBER or NAME:NUMBER/PROTOCOL.
	Ports   []string          `json:"ports"`
	Command []string          `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
	CPU     string            `json:"cpu"`
	// Native reports a restartable init container.
	Native bool `json:"native"`
	// Startup, Liveness and Readiness are the author's handlers; empty where he has none.
	Startup   string `json:"startup"`
	Liveness  string `json:"liveness"`
	Readiness string `json:"readiness"`
	// Starts is how many seconds the author's probes allow to start, and Tolerates how long a silence.
	Starts    int32 `json:"starts"`
	Tolerates int32 `json:"tolerates"`
}

// Read gives all templates.
func Read() ([]Template, error) {
	var all []Template
	lines := bufio.NewScanner(bytes.NewReader(templates))
	lines.Buffer(nil, len(templates)+1)
	for lines.Scan() {
		var t Template
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("template %d: %w", len(all)+1, err)
		}
		all = append(all, t)
	}
	return all, lines.Err()
}

// author is the author's handler; false where there is none.
func (c *Container) author(kind probe.Kind) (probe.Handler, bool, error) {
	text := map[probe.Kind]string{probe.Startup: c.Startup, probe.Liveness: c.Liveness, probe.Readiness: c.Readiness}[kind]
	switch text {
	case "":
		return probe.Handler{}, false, nil
	case string(probe.Exec):
		return probe.Handler{Scheme: probe.Exec}, true, nil
	}
	handler, err := annotation.ParseHandler(text)
	if err != nil {
		// What the grammar cannot say, such as an empty path, keeps its scheme and port.
		scheme, rest, _ := strings.Cut(text, ":")
		number, path, _ := strings.Cut(rest, "/")
		port, portErr := annotation.ParsePort(number)
		return probe.Handler{Scheme: probe.Scheme(scheme), Port: port, Path: "/" + path}, true, portErr
	}
	return handler, true, nil
}

// pod is the template as the API server would send it, without the author's probes.
func (t *Template) pod(annotations map[string]string) (*workload.Pod, error) {
	type object = map[string]any
	var regular, native []object
	for i := range t.Containers {
		c := &t.Containers[i]
		ports, err := c.ports()
		if err != nil {
			return nil, err
		}
		var env []object
		for name, value := range c.Env {
			env = append(env, object{"name": name, "value": value})
		}
		slices.SortFunc(env, func(a, b object) int { return strings.Compare(a["name"].(string), b["name"].(string)) }) //nolint:forcetypeassert // set above
		as := object{"name": c.Name, "image": c.Image, "command": c.Command, "args": c.Args, "ports": ports, "env": env}
		if c.CPU != "" {
			as["resources"] = object{"limits": object{"cpu": c.CPU}}
		}
		if c.Native {
			as["restartPolicy"] = "Always"
			native = append(native, as)
			continue
		}
		regular = append(regular, as)
	}
	owner := map[string]string{"StatefulSet": "StatefulSet", "DaemonSet": "DaemonSet"}[t.Kind]
	if owner == "" {
		owner = "ReplicaSet"
	}
	text, err := json.Marshal(object{
		"metadata": object{
			"name": t.Name, "annotations": annotations,
			"ownerReferences": []object{{"apiVersion": "apps/v1", "kind": owner, "name": t.Name, "controller": true}},
		},
		"spec": object{"containers": regular, "initContainers": native, "hostNetwork": t.HostNetwork},
	})
	if err != nil {
		return nil, err
	}
	pod := &workload.Pod{}
	return pod, json.Unmarshal(text, pod)
}

func (c *Container) ports() ([]map[string]any, error) {
	var out []map[string]any
	for _, text := range c.Ports {
		text, protocol, _ := strings.Cut(text, "/")
		name, digits := "", text
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			name, digits = text[:i], text[i+1:]
		}
		number, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("port %q: %w", text, err)
		}
		out = append(out, map[string]any{"name": name, "containerPort": number, "protocol": protocol})
	}
	return out, nil
}
