package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/version"

	"github.com/probe-injector/probe-injector/test/binaries"
)

// Version is what the API server says of itself, such as v1.36.3.
func (c *ControlPlane) Version() string { return c.version.GitVersion }

// Minor is the 36 of 1.36, as the API server says.
func (c *ControlPlane) Minor() int { return c.minor }

// learnVersion asks the API server for its version. One other than was asked for is an error, so that no test passes on
// a Kubernetes that it is not about.
func (c *ControlPlane) learnVersion(context.Context) error {
	said, err := c.client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("asking the API server for its version: %w", err)
	}
	c.version = said
	c.minor, err = minorOf(said)
	return errors.Join(err, expectVersion(cmp.Or(c.options.Kubernetes, binaries.Wanted()), said))
}

// expectVersion holds what the API server says against the minor version that was asked for, if one was.
func expectVersion(wanted string, said *version.Info) error {
	if wanted == "" || strings.HasPrefix(said.GitVersion, "v"+wanted+".") {
		return nil
	}
	return fmt.Errorf("the API server says that it is %s, but Kubernetes %s was asked for", said.GitVersion, wanted)
}

// minorOf reads the number of a minor version. Some builds of others say "36+".
func minorOf(said *version.Info) (int, error) {
	minor, err := strconv.Atoi(strings.TrimSuffix(said.Minor, "+"))
	if err != nil {
		return 0, fmt.Errorf("the API server says that its version is %+v: %w", *said, err)
	}
	return minor, nil
}
