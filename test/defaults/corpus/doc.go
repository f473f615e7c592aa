// Package corpus holds what the authors of public Pod templates wrote, and compares it with what the engine decides about
// the same containers when all their probes are taken off.
//
// templates.jsonl has the facts of one template a line: where it is published, and of each container image, ports, command,
// arguments, variables and the author's probes, as handlers in the grammar of the annotations. Templates that differ only in
// the tag of their image stand there once.
//
// Begin with [Compare], which asks the engine, and [Report], which writes the tables of docs/defaults.md. The figures are
// kept there so that a change that moves one shows in review. What is compared is a choice, not a truth: authors are wrong
// at times, and each other port is listed so that it can be read.
package corpus
