package controlplane

import (
	"context"
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// startAPIServer starts kube-apiserver with its defaults for everything that a Pod's way through admission touches.
func (c *ControlPlane) startAPIServer(ctx context.Context) error {
	args := []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", c.files.etcdClient),
		"--bind-address=" + c.options.address(),
		"--advertise-address=" + c.options.address(),
		fmt.Sprintf("--secure-port=%d", c.files.apiServer),
		"--cert-dir=" + c.files.path("apiserver"),
		"--tls-cert-file=" + c.files.path("serving/tls.crt"),
		"--tls-private-key-file=" + c.files.path("serving/tls.key"),
		"--service-account-key-file=" + c.files.path("service-accounts.key"),
		"--service-account-signing-key-file=" + c.files.path("service-accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-cluster-ip-range=" + c.options.services(),
		"--authorization-mode=Node,RBAC",
		"--token-auth-file=" + c.files.path("tokens.csv"),
		"--allow-privileged=true",
		"--profiling=false",
	}
	if len(c.options.Nodes) > 0 {
		// Nothing on this machine routes the addresses of Services, so webhooks are called at those of Pods.
		args = append(args, "--enable-aggregator-routing=true", "--kubelet-preferred-address-types=InternalIP")
	} else {
		// The kubernetes Service cannot point to a loopback address, and nobody here needs it.
		args = append(args, "--endpoint-reconciler-type=none")
	}
	if c.options.Audit {
		args = append(args,
			"--audit-policy-file="+c.files.path("audit-policy.yaml"),
			"--audit-log-path="+c.AuditLogPath(),
		)
	}
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		return fmt.Errorf("making the client: %w", err)
	}
	c.client = client
	return c.run(ctx, c.programs.apiServer, append(args, c.options.APIServerArgs...), func(ctx context.Context) error {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	})
}

// AuditLogPath is the file with one audit event a line, if the options ask for it.
func (c *ControlPlane) AuditLogPath() string { return c.files.path("audit.log") }

// RESTConfig returns a new configuration of an admin's client, without any limit on how fast it asks.
func (c *ControlPlane) RESTConfig() *rest.Config {
	return &rest.Config{
		Host:            c.files.url(),
		BearerToken:     c.files.adminToken,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.files.authority.PEM()},
		QPS:             -1,
	}
}

// KubeconfigPath is the kubeconfig of the same admin.
func (c *ControlPlane) KubeconfigPath() string { return c.files.path("kubeconfig") }

// Client is a typed client of the same admin.
func (c *ControlPlane) Client() kubernetes.Interface { return c.client }
