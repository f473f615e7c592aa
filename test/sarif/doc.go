// Package sarif holds what "probe-injector lint -o sarif" writes against the schema of SARIF 2.1.0, and against a library that
// others read it with.
package sarif
