// Package explain tests explain TYPE/NAME of the CLI on a real API server, with controllers and with our server: each reason
// why a Pod has nothing, and that what the policy predicts is what a dry run shows.
package explain
