// Package software is software that the catalogue knows, as programs that run without an image: built from their authors'
// Go modules, or unpacked from Debian's packages. test/prober/software asks them with the kubelet's own prober.
//
// Start at list.go, which has all of it. A profile that is listed there is marked in docs/profiles.md, by the list
// "verified" in policy/catalogue/catalogue.yaml.
package software

import (
	"context"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// Software is one program, and the container in which people run it.
type Software struct {
	// Profile is its name in the catalogue.
	Profile string
	// Image is the reference under which people know it.
	Image string
	// Source is where the program comes from.
	Source Source
	// Args are its arguments.
	Args []string
	// Env are its variables.
	Env []corev1.EnvVar
	// Ports are those that its manifests declare.
	Ports []corev1.ContainerPort
	// Annotations are what people write, without the domain.
	Annotations map[annotation.Word]string
	// Files are in its /tmp, by their names.
	Files map[string]string
	// Before is the script of a shell that runs first, such as one that makes an empty database.
	Before string
}

// Source is where a program comes from.
type Source interface {
	// Make makes the program, unless it is there already.
	Make(ctx context.Context) error
	// Program is its path.
	Program() (string, error)
	// Root is the command that changes the root, for what has all its files in a folder; else it is empty.
	Root() ([]string, error)
}

// Profiles lists the profiles of all software.
func Profiles() []string {
	var profiles []string
	for _, each := range All() {
		profiles = append(profiles, each.Profile)
	}
	return profiles
}

// folder is where programs are kept, below the root of the checkout.
func folder(root string, elements ...string) string {
	return filepath.Join(append([]string{root, "bin", "software"}, elements...)...)
}
