// Package chart renders the project's Helm chart for tests, with Helm's own engine, so that what tests register with an
// API server is what an admin would install.
package chart

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// Options say how the chart is installed.
type Options struct {
	// Release and Namespace are where it is installed to. Both are probe-injector by default.
	Release, Namespace string
	// Values is a values file, YAML, that is laid over the chart's own. May be empty.
	Values string
	// OnCluster renders as Helm does for a cluster that it reaches, and not as helm template does.
	OnCluster bool
}

// capabilities are what the chart is told of the cluster. Only discovery yields kinds and not only versions.
func (o Options) capabilities() *common.Capabilities {
	capabilities := common.DefaultCapabilities.Copy()
	if o.OnCluster {
		capabilities.APIVersions = append(slices.Clone(capabilities.APIVersions), "v1/Pod")
	}
	return capabilities
}

// Rendered is what the chart makes of its values.
type Rendered struct {
	// documents are the objects as YAML, in the order of the files' names.
	documents []document
	// notes is what Helm prints after an installation.
	notes string
}

// document is one object.
type document struct {
	// file is the template it comes from.
	file string
	// content is its YAML.
	content []byte
}

// Render renders the chart of this checkout.
func Render(options Options) (*Rendered, error) {
	if options.Release == "" {
		options.Release = "probe-injector"
	}
	if options.Namespace == "" {
		options.Namespace = "probe-injector"
	}
	root, err := checkout.Root()
	if err != nil {
		return nil, err
	}
	chart, err := loader.Load(filepath.Join(root, "charts", "probe-injector"))
	if err != nil {
		return nil, fmt.Errorf("loading the chart: %w", err)
	}
	values, err := loader.LoadValues(strings.NewReader(options.Values))
	if err != nil {
		return nil, fmt.Errorf("reading the values: %w", err)
	}
	release := common.ReleaseOptions{Name: options.Release, Namespace: options.Namespace, Revision: 1, IsInstall: true}
	input, err := util.ToRenderValues(chart, values, release, options.capabilities())
	if err != nil {
		return nil, fmt.Errorf("completing the values: %w", err)
	}
	files, err := engine.Render(chart, input)
	if err != nil {
		return nil, fmt.Errorf("rendering the chart: %w", err)
	}
	return split(files)
}

// split takes the rendered files apart into their objects.
func split(files map[string]string) (*Rendered, error) {
	rendered := &Rendered{notes: files["probe-injector/templates/NOTES.txt"]}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".yaml" {
			continue
		}
		reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(files[name])))
		for {
			content, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("reading the rendered %s: %w", name, err)
			}
			if len(bytes.TrimSpace(content)) > 0 {
				rendered.documents = append(rendered.documents, document{file: name, content: content})
			}
		}
	}
	return rendered, nil
}

// Notes is what Helm prints after an installation.
func (r *Rendered) Notes() string { return r.notes }

// String is everything that was rendered, as one YAML stream.
func (r *Rendered) String() string {
	var all strings.Builder
	for _, document := range r.documents {
		fmt.Fprintf(&all, "---\n# Source: %s\n%s\n", document.file, bytes.TrimSpace(document.content))
	}
	return all.String()
}
