package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// requirements are programs that a cluster needs and does not build, and the Debian package that has each.
func requirements() map[string]string {
	return map[string]string{
		"containerd":              "containerd",
		"containerd-shim-runc-v2": "containerd",
		"ctr":                     "containerd",
		"runc":                    "runc",
		"/usr/lib/cni/bridge":     "containernetworking-plugins",
		"/usr/lib/cni/host-local": "containernetworking-plugins",
		"/usr/lib/cni/portmap":    "containernetworking-plugins",
		"iptables":                "iptables",
		"ip":                      "iproute2",
		"nsenter":                 "util-linux",
	}
}

// checkRequirements names everything that is missing at once.
func checkRequirements() error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster needs root: namespaces, mounts and networks are made for it")
	}
	var missing []string
	for program, pkg := range requirements() {
		if _, err := exec.LookPath(program); err != nil && !slices.Contains(missing, pkg) {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("a cluster needs programs of the machine: apt-get install %s", strings.Join(missing, " "))
}
