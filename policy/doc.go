// Package policy decides WHAT to inject: which probes, into which containers, with which handler and times.
//
// Policy.Decide takes a Pod (as the part that matters of it) and answers with a Decision: the probes to add, every
// probe that was considered and is not added with its reason, all mistakes in the annotations, and the words for
// the person who made the Pod. The webhook, the CLI and every other door call it and nothing else.
//
// The package is pure: no I/O, no clock, no logging, no Kubernetes client. It stands on five smaller ones, each of
// which can be read alone: annotation (the grammar), v1alpha1 (the policy file), timing (every number and what it
// guarantees), reason (the closed set of reasons) and probe (the words they share).
//
// Read decide.go first; precedence.go holds the truth table of which layer wins.
package policy
