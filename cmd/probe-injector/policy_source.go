package main

import (
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

// policyOfCluster is the --policy that must be read from the cluster.
const policyOfCluster = "cluster"

// policyUsage is the help of --policy of verbs that read clusters.
const policyUsage = `"cluster", or a file with a ProbePolicy, a ConfigMap that holds one, or values of the chart`

// policySource is where a verb that reads a cluster takes its policy from.
type policySource struct {
	// name is what --policy says: empty is the cluster's where it may be read, else the chart's.
	name, version string
	in            io.Reader
}

// foundPolicy is a policy with its place for people. Where it is known, its rules are those of the cluster.
type foundPolicy struct {
	*policyfile.File

	place string
	known bool
}

func (s policySource) find(installed *cluster.Installation) (*foundPolicy, error) {
	if s.name != "" && s.name != policyOfCluster {
		file, place, err := readPolicy(s.name, s.version, s.in)
		return &foundPolicy{file, place, true}, err
	}
	switch {
	case installed.Policy != nil:
		place := "ConfigMap " + installed.Policy.Namespace + "/" + installed.Policy.Name
		file, err := policyIn(installed.Policy, s.version)
		if err != nil {
			return nil, fmt.Errorf("%s is not a valid policy:\n%w", place, err)
		}
		return &foundPolicy{file, place, true}, nil
	case s.name == policyOfCluster:
		err := errors.New("the cluster's policy was not found")
		if installed.Denied != nil {
			err = fmt.Errorf("reading the cluster's policy: %w", installed.Denied)
		}
		return nil, exit.With(exit.Incomplete, err)
	}
	file, err := policyfile.Default(s.version)
	return &foundPolicy{file, "the chart's own (--policy names another)", false}, err
}

// policyIn reads the policy of a ConfigMap.
func policyIn(configMap *corev1.ConfigMap, version string) (*policyfile.File, error) {
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": configMap.Name}, "data": configMap.Data,
	})
	if err != nil {
		return nil, err
	}
	return policyfile.Read(text, version)
}
