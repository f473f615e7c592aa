// Package reason is the closed set of reasons for which a probe, a container or a Pod gets nothing.
//
// The same word appears in the status annotation, the warning, the metric label, the audit annotation, the log
// and the output of explain; Table is the only place where a reason gets its sentence.
package reason
