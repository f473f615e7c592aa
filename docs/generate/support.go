package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Where the versions are written that tests run against.
const (
	kubernetesPins    = "test/binaries/kubernetes-*/go.mod"
	kubernetesDefault = "test/binaries/minor.go"
	helm3Pin          = "test/charttools/helm-3/go.mod"
	helm4Pin          = "test/charttools/helm-4/go.mod"
	certManagerPin    = "test/go.mod"
	chartMetadata     = "charts/probe-injector/Chart.yaml"
)

// supportSources are the files that the support matrix is read from, as patterns below the root.
func supportSources() []string {
	return []string{kubernetesPins, kubernetesDefault, helm3Pin, helm4Pin, certManagerPin, chartMetadata}
}

// tested are the versions that tests run against.
type tested struct {
	// kubernetes are the versions, oldest first, and onNodes the one that nodes have.
	kubernetes []string
	onNodes    string
	// oldest is what the chart asks for.
	oldest                    string
	helm3, helm4, certManager string
}

func supportPage(root string) (string, error) {
	t, err := readTested(root)
	if err != nil {
		return "", err
	}
	d := newDocument("Support matrix",
		`For everybody who wants to know whether it works with what they have: what is supported, and what was run.`,
		"the versions that tests are pinned to, in `test/binaries`, `test/charttools` and `test/go.mod`")
	d.heading("What is supported")
	d.table([]string{"what", "versions"}, [][]string{
		{"Kubernetes", t.oldest + " and later. The chart refuses older ones: before, the conditions of webhooks were not generally available"},
		{"Helm", "3 and 4, and `helm template` with `kubectl apply`"},
		{"cert-manager", "1.19 and later, for `tls.mode: cert-manager` alone; 1.17 and 1.18 with a feature gate ([tls.md](tls.md#cert-manager))"},
		{"nodes for the webhook", "Linux on amd64 and arm64"},
		{"the program `probe-injector`", "Linux, macOS and Windows, each on amd64 and arm64"},
		{"this project", "the latest release; [SECURITY.md](../SECURITY.md)"},
	})
	d.heading("What was run")
	d.paragraph("**API server**: `make test-matrix`, everything that needs a real API server, the chart with both Helms among it. " +
		"**Nodes**: `make e2e-full`, which installs it on nodes with containerd and runc and lets Pods be probed.")
	var rows [][]string
	for _, version := range t.kubernetes {
		row := []string{version, "run", "not run", t.helm3 + " and " + t.helm4, "not run"}
		if version == t.onNodes {
			row[2], row[4] = "run", t.certManager
		}
		rows = append(rows, row)
	}
	d.table([]string{"Kubernetes", "API server", "nodes", "Helm", "cert-manager"}, rows)
	d.paragraph("Where versions of Kubernetes differ, [verified.md](verified.md#on-other-versions-of-kubernetes) says how.")
	d.paragraph("Of the program, Linux on amd64 was run, and on arm64 by QEMU; for macOS and Windows it is built and not run. So it is " +
		"with the webhook's image for arm64: its program was run by QEMU and not on a node ([RELEASE.md](../RELEASE.md#what-is-tested-of-it)).")
	d.paragraph("Managed clusters were not run: [clouds.md](clouds.md) says what their documents say.")
	return d.String(), nil
}

// readTested reads the pins.
func readTested(root string) (*tested, error) {
	t := &tested{}
	folders, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(kubernetesPins)))
	if err != nil || len(folders) == 0 {
		return nil, errors.Join(errors.New("no version of Kubernetes is pinned"), err)
	}
	for _, file := range folders {
		version, err := firstIn(file, `\bk8s\.io/kubernetes v(\S+)`)
		if err != nil {
			return nil, err
		}
		t.kubernetes = append(t.kubernetes, version)
	}
	for _, pin := range []struct {
		into          *string
		file, pattern string
	}{
		{&t.onNodes, kubernetesDefault, `Default = "([\d.]+)"`},
		{&t.oldest, chartMetadata, `kubeVersion: ">=([\d.]+?)\.0-0"`},
		{&t.helm3, helm3Pin, `\bhelm\.sh/helm/v3 v(\S+)`},
		{&t.helm4, helm4Pin, `\bhelm\.sh/helm/v4 v(\S+)`},
		{&t.certManager, certManagerPin, `\bgithub\.com/cert-manager/cert-manager v(\S+)`},
	} {
		if *pin.into, err = firstIn(filepath.Join(root, filepath.FromSlash(pin.file)), pin.pattern); err != nil {
			return nil, err
		}
	}
	minor := t.onNodes + "."
	at := slices.IndexFunc(t.kubernetes, func(version string) bool { return strings.HasPrefix(version, minor) })
	if at < 0 {
		return nil, fmt.Errorf("no module pins Kubernetes %s, which nodes have", t.onNodes)
	}
	t.onNodes = t.kubernetes[at]
	return t, nil
}

// firstIn is what the group of a pattern matches in a file.
func firstIn(file, pattern string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading a version: %w", err)
	}
	match := regexp.MustCompile(pattern).FindSubmatch(content)
	if match == nil {
		return "", fmt.Errorf("%s has no %s", file, pattern)
	}
	return string(match[1]), nil
}
