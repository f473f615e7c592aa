// Package policy decides WHAT to inject: which probes, into which containers, with which handler and times.
//
// Policy.Decide takes a Pod (as the part that matters of it) and answers with a Decision: the probes to add, every
// probe that was considered and is not added with its reason, all mistakes in the annotations, and the words for
// the person who made the Pod. The webhook, the CLI and every other caller use it and nothing else.
//
// Read decide.go first: it is the way of one Pod from top to bottom, step by step, and names the file of each step. The
// steps take values and return values, and only report makes the Decision. choose.go holds the truth table of which
// layer wins.
//
// The package is pure: no I/O, no clock, no logging, no Kubernetes client. It stands on packages that know nothing of
// decisions, each of which can be read alone: workload (the view of a Pod and its facts), annotation (the grammar),
// v1alpha1 (the policy file), detect (which software a container runs), timing (every number and what it guarantees),
// statusline (the form of the status annotation), reason (the closed set of reasons), lint (the rules for probes) and
// probe (the words they share).
package policy
