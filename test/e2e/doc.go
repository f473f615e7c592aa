// Package e2e tests the whole product on a real cluster, as users have it: installed by Helm from the packaged chart,
// with a kubelet that probes and restarts.
//
//	make e2e         what every change has to pass, on a cluster of its own
//	make e2e-full    everything
//	make e2e-up      a cluster that stays, for working by hand; make e2e uses it while it is there
//
// With $E2E_KUBECONFIG the suite runs on any cluster: kind, k3s, a cloud. The images have to get there, too:
// $E2E_IMAGE_LOADER is a command that is called with the path of an archive as its last argument, such as
// "kind load image-archive". What needs the node itself, such as freezing a process, is skipped there and says so.
//
// One file is one subject. Tests that change the installation come first and remove what they install; those that only
// use it call t.Parallel and share one, see installed. A test that is too long for every change has a name that begins
// with TestFull.
package e2e
