// Package audit judges the probes of a running cluster: objects in, a Report out. It reads nothing itself, so that every
// definition can be tested with an object.
//
// An [Auditor] takes objects one by one and keeps one row for each workload. [Auditor.Report] makes the report of them, which
// is written as text, JSON, CSV or one HTML page. docs/audit.md has the definitions; each has a file here: inventory.go
// (written, injected, none), hurting.go, missed.go, annotations.go (misplaced, wrong), dangerous.go and tight.go. stop.go finds
// the command that stops a probe from hurting, and proves it with the engine.
package audit
