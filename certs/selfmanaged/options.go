package selfmanaged

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
)

// Options are what a Manager needs. All fields are required that do not say otherwise.
type Options struct {
	// Config is how to reach the Kubernetes API.
	Config *rest.Config
	// Namespace and Secret name the Secret of the authority.
	Namespace, Secret string
	// Configurations are the names of the MutatingWebhookConfigurations whose bundles are kept.
	Configurations []string
	// Preflights are the names of the ValidatingWebhookConfigurations whose bundles are kept as well. May be empty. Nothing
	// waits for them and nothing depends on them: without their calls people are told less, and nothing else.
	Preflights []string
	// DNSNames are the names, or IP addresses, by which the API server calls the webhook.
	DNSNames []string
	// Lifetimes are DefaultLifetimes outside of tests.
	Lifetimes Lifetimes
	// Now is the clock, time.Now except in tests.
	Now    func() time.Time
	Logger *slog.Logger
	// Registerer gets the metrics.
	Registerer prometheus.Registerer
}

func (o Options) validate() error {
	var errs []error
	check := func(what, name string) {
		for _, wrong := range validation.IsDNS1123Subdomain(name) {
			errs = append(errs, fmt.Errorf("%s %q: %s", what, name, wrong))
		}
	}
	check("namespace", o.Namespace)
	check("secret", o.Secret)
	for _, name := range slices.Concat(o.Configurations, o.Preflights) {
		check("webhook configuration", name)
	}
	if len(o.Configurations) == 0 {
		errs = append(errs, errors.New("no webhook configuration is named"))
	}
	if len(o.DNSNames) == 0 {
		errs = append(errs, errors.New("no DNS name is given for the certificate"))
	}
	return errors.Join(append(errs, o.Lifetimes.validate())...)
}

// configurations are the webhook configurations whose bundles are kept.
func (o Options) configurations() []configurationRef {
	var all []configurationRef
	for _, name := range o.Configurations {
		all = append(all, configurationRef{mutating, name})
	}
	for _, name := range o.Preflights {
		all = append(all, configurationRef{validating, name})
	}
	return all
}
