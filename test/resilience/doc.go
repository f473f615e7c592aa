// Package resilience shows what becomes of Pods while our servers come and go, fail, are overloaded or change their
// certificates: how many are created without their probes, and that none is refused because of us.
//
// Everything is real but the nodes. A kube-apiserver calls the webhook through its Service, by the chart's own
// configuration, and picks an endpoint for each connection; the servers are processes of the program that users run; the
// EndpointSlices are written by the tests, which take an endpoint away late, as a cluster does. Where a test has to break
// the server from within, it runs a build with faults.
//
// There is nothing to import: everything is in the tests. Begin with rolling_test.go; cluster_test.go, release_test.go and
// load_test.go are what all of them use.
//
// go test runs a short form. RESILIENCE=full in the environment runs the full one, with the numbers that the project
// promises; it takes ten minutes, so it needs -timeout. Each test logs its figures, which -v shows.
//
// No root is needed. The API server takes no loopback address for an endpoint, so that the servers listen on the
// machine's first other address, each on a port and in an EndpointSlice of its own.
package resilience
