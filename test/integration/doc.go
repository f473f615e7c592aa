// Package integration tests what only a real API server can show: that it accepts the configuration that the chart
// makes, which Pods it sends where, what it stores of those that our server answers, and what becomes of a Pod when our
// server fails.
//
//	TestWhichPodsReachUs          which Pods are sent to which path, with a recorder in place of our server
//	TestMonstrousPodsCostLittle   what that costs Pods that are not sent
//	TestInstalled                 everything with our server, as it is installed
//	TestValidity                  that the API server accepts every probe that we can emit
//	TestFieldsOfLaterVersions     that fields of probes which are newer than some versions survive us
//	TestExamples                  that it accepts the manifests of examples/
//	TestOurFailures               everything that can go wrong with our server, and its end
//
// All of it runs on any version that test/binaries pins; where versions differ, the tables of the tests say since when.
package integration
