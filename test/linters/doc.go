// Package linters shows the probes that we emit to the linters that people use, run as they are, and explains every
// finding that is left.
//
// It is all tests, in a module of its own. manifests_test.go makes Deployments of everything in the catalogue and of the
// forms of an annotation, with and without what we inject; the other files run one linter each and hold what it finds
// against what the catalogue says on purpose. README.md lists the programs, and those that could not be had.
package linters
