// Package node is one Kubernetes node: containerd, kubelet and kube-proxy in namespaces of their own, as kind's nodes
// are, but without a container around them. It is what runs inside; the package cluster starts it from outside.
//
// A node has two processes of ours. Init is process 1 of the namespace: it does nothing but start the other one and
// reap what loses its parent, and when it ends, the kernel ends everything in there, mounts and network too. Run is the
// other: it mounts, sets up the network, starts the three programs and waits for the end.
//
// The programs have their usual folders, /var/lib/kubelet among them; in the namespace those are folders of the node's
// own. See folders for the list.
package node
