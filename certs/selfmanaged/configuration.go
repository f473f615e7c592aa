package selfmanaged

import (
	"context"
	"fmt"
	"net/url"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	admissionregistrationclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	"k8s.io/client-go/tools/cache"
)

// configuration is what a Manager needs of a webhook configuration of any kind.
type configuration struct {
	configurationRef
	resourceVersion string
	// lastChange is when it was changed last, zero if the API server does not say so.
	lastChange time.Time
	webhooks   []configuredWebhook
}

// configuredWebhook is one entry of a configuration.
type configuredWebhook struct {
	name string
	// serverName is whom the certificate of the called server must name.
	serverName string
	bundle     []byte
}

func newConfiguredWebhook(name string, c admissionregistrationv1.WebhookClientConfig) configuredWebhook {
	return configuredWebhook{name: name, serverName: serverName(c), bundle: c.CABundle}
}

// serverName returns the name that an API server expects in the certificate of the server that an entry calls.
func serverName(c admissionregistrationv1.WebhookClientConfig) string {
	if c.Service != nil {
		return c.Service.Name + "." + c.Service.Namespace + ".svc"
	}
	if c.URL == nil {
		return ""
	}
	u, err := url.Parse(*c.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// configurationRef names a webhook configuration.
type configurationRef struct {
	kind *configurationKind
	name string
}

func (r configurationRef) String() string { return r.kind.name + " " + r.name }

// configurationKind is everything that differs between the two kinds of webhook configurations. Nothing outside of this
// file depends on the kind.
type configurationKind struct {
	// name is that of the kind in the Kubernetes API.
	name string
	// isOptional reports that nobody waits for configurations of the kind, and that nothing is wrong with this process where
	// one is missing or trusts others.
	isOptional bool
	// object is an empty object of the kind.
	object runtime.Object
	// client returns what reads and writes objects of the kind.
	client func(admissionregistrationclient.AdmissionregistrationV1Interface) configurationClient
	// webhooks returns the entries of an object; ok is false if the object is of another kind.
	webhooks func(object any) (all []configuredWebhook, ok bool)
}

var mutating = &configurationKind{
	name:   "MutatingWebhookConfiguration",
	object: &admissionregistrationv1.MutatingWebhookConfiguration{},
	client: func(c admissionregistrationclient.AdmissionregistrationV1Interface) configurationClient {
		return clientOf[
			*admissionregistrationv1.MutatingWebhookConfiguration,
			*admissionregistrationv1.MutatingWebhookConfigurationList,
		]{c.MutatingWebhookConfigurations()}
	},
	webhooks: func(object any) (all []configuredWebhook, ok bool) {
		c, ok := object.(*admissionregistrationv1.MutatingWebhookConfiguration)
		if !ok {
			return nil, false
		}
		for _, w := range c.Webhooks {
			all = append(all, newConfiguredWebhook(w.Name, w.ClientConfig))
		}
		return all, true
	},
}

// validating is the kind of the preflight webhook.
var validating = &configurationKind{
	name:       "ValidatingWebhookConfiguration",
	isOptional: true,
	object:     &admissionregistrationv1.ValidatingWebhookConfiguration{},
	client: func(c admissionregistrationclient.AdmissionregistrationV1Interface) configurationClient {
		return clientOf[
			*admissionregistrationv1.ValidatingWebhookConfiguration,
			*admissionregistrationv1.ValidatingWebhookConfigurationList,
		]{c.ValidatingWebhookConfigurations()}
	},
	webhooks: func(object any) (all []configuredWebhook, ok bool) {
		c, ok := object.(*admissionregistrationv1.ValidatingWebhookConfiguration)
		if !ok {
			return nil, false
		}
		for _, w := range c.Webhooks {
			all = append(all, newConfiguredWebhook(w.Name, w.ClientConfig))
		}
		return all, true
	},
}

// read is for an objectStore.
func (k *configurationKind) read(object any) (*configuration, error) {
	webhooks, ok := k.webhooks(object)
	if !ok {
		return nil, fmt.Errorf("watching: got a %T", object)
	}
	m, err := meta.Accessor(object)
	if err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	return &configuration{
		configurationRef: configurationRef{k, m.GetName()}, resourceVersion: m.GetResourceVersion(),
		lastChange: lastChange(m), webhooks: webhooks,
	}, nil
}

// configurationClient reads and writes webhook configurations of one kind by their names.
type configurationClient interface {
	listWatch(name string, failed func(error)) *cache.ListWatch
	patch(ctx context.Context, name string, patch []byte) error
}

// clientOf is the client of a kind. O is its object and L its list.
type clientOf[O, L runtime.Object] struct{ typed typedClient[O, L] }

// typedClient is the part of client-go's client of a kind that is needed.
type typedClient[O, L runtime.Object] interface {
	lister[L]
	Patch(ctx context.Context, name string, pt types.PatchType, data []byte, o metav1.PatchOptions, subresources ...string) (O, error)
}

func (c clientOf[O, L]) listWatch(name string, failed func(error)) *cache.ListWatch {
	return listWatch(c.typed, name, failed)
}

func (c clientOf[O, L]) patch(ctx context.Context, name string, patch []byte) error {
	_, err := c.typed.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	return err
}
