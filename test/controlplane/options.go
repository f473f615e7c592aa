package controlplane

import (
	"cmp"
	"fmt"
	"net/netip"
)

// Options say what kind of control plane a test needs. The zero value is the smallest: etcd and kube-apiserver.
type Options struct {
	// Kubernetes is the minor version, such as "1.36". Empty means what is at hand, see the package binaries.
	Kubernetes string
	// Controllers starts kube-controller-manager as well, so that Deployments make Pods and namespaces get their
	// ServiceAccount.
	Controllers bool
	// Address is the address of this machine at which the API server listens. Empty means 127.0.0.1, which Pods and
	// nodes cannot reach.
	Address string
	// Nodes are the names of nodes that will join. The scheduler and all controllers are started for them, and the API
	// server calls webhooks at the addresses of their Pods. It needs Controllers and an Address.
	Nodes []string
	// Services are the addresses of Services, such as "10.96.0.0/16", which is used if it is empty.
	Services string
	// APIServerArgs are added to kube-apiserver's arguments.
	APIServerArgs []string
	// Audit makes kube-apiserver write an audit log, with the bodies of requests and responses.
	Audit bool
	// AuditUsers are users of whom the audit log has every request, watches too, without bodies. It needs Audit.
	AuditUsers []string
	// Dir is an empty folder to use instead of a new one below the system's temporary folder.
	Dir string
	// KeepDir leaves the folder with logs and data behind after Stop.
	KeepDir bool
}

// address is where the API server listens.
func (o Options) address() string { return cmp.Or(o.Address, "127.0.0.1") }

// services is the range of the addresses of Services.
func (o Options) services() string { return cmp.Or(o.Services, "10.96.0.0/16") }

// kubernetesService is the address of the Service named kubernetes: the first of the range.
func (o Options) kubernetesService() (string, error) {
	services, err := netip.ParsePrefix(o.services())
	if err != nil {
		return "", fmt.Errorf("reading the range of Services: %w", err)
	}
	return services.Addr().Next().String(), nil
}
