// Package alerts evaluates the alerts that the chart renders with Prometheus itself: each fires where it should, and not
// on what is close to that. It is a module of its own, because Prometheus is larger than everything else that tests need.
package alerts
