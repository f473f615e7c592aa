// Package lint finds probes that cannot work, that kill healthy containers, or that say nothing.
//
// A Rule is a row of a table: an id that never changes, a severity, the texts, and the condition that finds it.
// Check applies the table to one container with its probes in their final state, no matter whether a person
// wrote them or the engine injected them; what the engine injects must be free of errors and warnings. The
// package knows neither annotations nor policies, and it is the same for an admission review and for a file.
//
// Start at Check in lint.go and at the table in rules.go. Each rules_*.go file holds some rows and, below them,
// their conditions. What conditions look at stands in files of its own: times.go (fields with the API's
// defaults), handler.go (handlers with their ports resolved), paths.go, commands.go and images.go (what can be
// read from a path, a command and the name of an image).
//
// Rules judge what can be known from the Pod alone. Where a condition has to guess, it stays silent in doubt:
// a finding that is wrong costs more trust than one that is missing.
package lint
