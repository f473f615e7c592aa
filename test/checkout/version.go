package checkout

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Version is the version that this checkout will be released as, such as "v0.1.0": the chart's appVersion, which is the
// one place where it is written.
func Version() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(root, "charts", "probe-injector", "Chart.yaml"))
	if err != nil {
		return "", fmt.Errorf("reading the version: %w", err)
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(data, &chart); err != nil {
		return "", fmt.Errorf("reading the version: %w", err)
	}
	return "v" + chart.AppVersion, nil
}
