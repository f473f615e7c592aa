// Package integration tests what only a real API server can show: that it accepts the configuration that the chart
// makes, and which Pods it sends where.
package integration
