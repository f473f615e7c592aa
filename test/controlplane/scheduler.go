package controlplane

import "context"

// startScheduler starts kube-scheduler. Nobody asks it anything, so it is ready as soon as it runs: Pods wait for it.
func (c *ControlPlane) startScheduler(ctx context.Context) error {
	args := []string{
		"--kubeconfig=" + c.files.path("scheduler.kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0",
	}
	return c.run(ctx, c.programs.scheduler, args, func(context.Context) error { return nil })
}

// NodeKubeconfigPath is the kubeconfig of a node's kubelet.
func (c *ControlPlane) NodeKubeconfigPath(node string) string {
	return c.files.path("node-" + node + ".kubeconfig")
}

// ProxyKubeconfigPath is the kubeconfig of kube-proxy, the same on all nodes.
func (c *ControlPlane) ProxyKubeconfigPath() string { return c.files.path("proxy.kubeconfig") }
