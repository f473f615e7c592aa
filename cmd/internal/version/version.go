// Package version knows which build this is.
package version

import "runtime/debug"

// release is set with -ldflags "-X github.com/probe-injector/probe-injector/cmd/internal/version.release=v0.1.0".
var release string

// String is the release, or what Go knows about the source of any other build.
func String() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
