package main

// sameRuntime makes Go's runtime the same for all servers that are compared, and on any machine.
func sameRuntime() []string { return []string{"GOGC=200", "GOMAXPROCS=2", "GOMEMLIMIT="} }

// ownRuntime leaves Go's runtime to our server, whatever the benchmark's own environment says.
func ownRuntime() []string { return []string{"GOGC=", "GOMAXPROCS=", "GOMEMLIMIT="} }
