package main

import "runtime/debug"

// version is the release, set with -ldflags "-X main.version=v0.1.0".
var version string

// buildVersion is the release, or what Go knows about the source of any other build.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
