// Package selfmanaged has the tests of certs/selfmanaged on a real API server: replicas that run inside of the test, and
// the server as users run it. What those packages do without one is tested beside them.
package selfmanaged
