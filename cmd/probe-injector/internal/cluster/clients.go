package cluster

import (
	"errors"

	admissionregistrationclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	appsclient "k8s.io/client-go/kubernetes/typed/apps/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// Clients are those of the groups of the API that are read. client-go's own set of all groups would make the program larger
// by nearly a fifth.
type Clients struct {
	Core          coreclient.CoreV1Interface
	Apps          appsclient.AppsV1Interface
	Registrations admissionregistrationclient.AdmissionregistrationV1Interface
}

// newClients makes the clients; they share one transport.
func newClients(config *rest.Config) (Clients, error) {
	transport, err := rest.HTTPClientFor(config)
	if err != nil {
		return Clients{}, err
	}
	core, err := coreclient.NewForConfigAndClient(config, transport)
	apps, errApps := appsclient.NewForConfigAndClient(config, transport)
	registrations, errRegistrations := admissionregistrationclient.NewForConfigAndClient(config, transport)
	return Clients{core, apps, registrations}, errors.Join(err, errApps, errRegistrations)
}
