// Package cluster runs a whole Kubernetes on one machine, as root and from pinned sources: the control plane of the
// package controlplane, and nodes of the package node that run real containers. Nothing of it is reachable from another
// machine, and it leaves nothing on the machine but a few empty folders below /var.
//
//	cluster, err := cluster.Start(ctx, cluster.Options{Images: images})
//	...
//	err = cluster.Stop()
//
// People use it by the command below this package:
//
//	make e2e-up      start one and leave it running
//	make e2e-down    take it down
//	make e2e         run the end-to-end suite, on the running one or on one of its own
//
// Up to ten clusters can run side by side, each with its number, networks and folder; $E2E_CLUSTER is the number.
// The API server listens on the machine's address in the nodes' network, 198.18.<number>.1; that range is set aside for
// tests of networks (RFC 2544), so nobody else has it. The addresses of Pods are reachable from the machine.
//
// There is no DNS in the cluster: nothing that is tested here asks for names.
package cluster
