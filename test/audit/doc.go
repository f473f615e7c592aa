// Package audit tests "probe-injector audit" with a real API server: as the program that people run, with its own user.
package audit
