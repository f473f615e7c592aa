package controlplane

// Options say what kind of control plane a test needs. The zero value is the smallest: etcd and kube-apiserver.
type Options struct {
	// Kubernetes is the minor version, such as "1.36". Empty means what is at hand, see the package binaries.
	Kubernetes string
	// Controllers starts kube-controller-manager as well, so that Deployments make Pods and namespaces get their
	// ServiceAccount.
	Controllers bool
	// APIServerArgs are added to kube-apiserver's arguments.
	APIServerArgs []string
	// Audit makes kube-apiserver write an audit log, with the bodies of requests and responses.
	Audit bool
	// AuditUsers are users of whom the audit log has every request, watches too, without bodies. It needs Audit.
	AuditUsers []string
	// KeepDir leaves the folder with logs and data behind after Stop.
	KeepDir bool
}
