package chart

import (
	"errors"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// WebhookConfiguration returns the MutatingWebhookConfiguration as the chart has it, with references to the Service.
func (r *Rendered) WebhookConfiguration() (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	return configuration, r.Only("MutatingWebhookConfiguration", configuration)
}

// WebhookConfigurationAt returns the MutatingWebhookConfiguration for a server that is no Pod but listens on a loopback
// address, such as "127.0.0.1:9443", with a certificate that the bundle (PEM) verifies. Everything else, paths
// included, stays as the chart has it.
func (r *Rendered) WebhookConfigurationAt(address string, caBundle []byte) (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	configuration, err := r.WebhookConfiguration()
	if err != nil {
		return nil, err
	}
	for i := range configuration.Webhooks {
		if err := callAt(&configuration.Webhooks[i].ClientConfig, address, caBundle); err != nil {
			return nil, fmt.Errorf("the webhook %s: %w", configuration.Webhooks[i].Name, err)
		}
	}
	return configuration, nil
}

// PreflightConfiguration returns the ValidatingWebhookConfiguration as the chart has it, with references to the Service.
func (r *Rendered) PreflightConfiguration() (*admissionregistrationv1.ValidatingWebhookConfiguration, error) {
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	return configuration, r.Only("ValidatingWebhookConfiguration", configuration)
}

// PreflightConfigurationAt is WebhookConfigurationAt for the ValidatingWebhookConfiguration.
func (r *Rendered) PreflightConfigurationAt(address string, caBundle []byte) (*admissionregistrationv1.ValidatingWebhookConfiguration, error) {
	configuration, err := r.PreflightConfiguration()
	if err != nil {
		return nil, err
	}
	for i := range configuration.Webhooks {
		if err := callAt(&configuration.Webhooks[i].ClientConfig, address, caBundle); err != nil {
			return nil, fmt.Errorf("the webhook %s: %w", configuration.Webhooks[i].Name, err)
		}
	}
	return configuration, nil
}

// callAt replaces the reference to a Service by an address.
func callAt(client *admissionregistrationv1.WebhookClientConfig, address string, caBundle []byte) error {
	if client.Service == nil || client.Service.Path == nil {
		return errors.New("it has no Service with a path")
	}
	*client = admissionregistrationv1.WebhookClientConfig{URL: new("https://" + address + *client.Service.Path), CABundle: caBundle}
	return nil
}

// PolicyCheck returns the Job that reads a policy before it is put in force, and nil where there is nothing to read.
func (r *Rendered) PolicyCheck() (*batchv1.Job, error) {
	objects, err := r.Objects()
	if err != nil || !slices.ContainsFunc(objects, func(o Object) bool { return o.Kind == "Job" }) {
		return nil, err
	}
	job := &batchv1.Job{}
	return job, r.Only("Job", job)
}

// Service returns the Service in front of the webhook's Pods.
func (r *Rendered) Service() (*corev1.Service, error) {
	service := &corev1.Service{}
	return service, r.Only("Service", service)
}

// policyTemplate renders the ConfigMap with the policy. The dashboard is one, too.
const policyTemplate = "probe-injector/templates/configmap.yaml"

// PolicyFile returns the policy file that the chart mounts into the webhook's Pods: what the server's --policy names.
func (r *Rendered) PolicyFile() ([]byte, error) {
	for _, document := range r.documents {
		config := &corev1.ConfigMap{}
		if document.file != policyTemplate {
			continue
		}
		if err := yaml.UnmarshalStrict(document.content, config); err != nil {
			return nil, fmt.Errorf("reading the rendered %s: %w", document.file, err)
		}
		policy, ok := config.Data["policy.yaml"]
		if !ok {
			return nil, fmt.Errorf("the ConfigMap %s has no policy.yaml", config.Name)
		}
		return []byte(policy), nil
	}
	return nil, errors.New("the chart has no " + policyTemplate)
}

// Deployment returns the Deployment of the webhook's Pods.
func (r *Rendered) Deployment() (*appsv1.Deployment, error) {
	deployment := &appsv1.Deployment{}
	return deployment, r.Only("Deployment", deployment)
}

// Object is one rendered object.
type Object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	// Template is the file of the chart that it comes from, and YAML its text.
	Template string `json:"-"`
	YAML     []byte `json:"-"`
}

// Objects returns everything that was rendered, hooks included, in the order of the templates' names.
func (r *Rendered) Objects() ([]Object, error) {
	var objects []Object
	for _, document := range r.documents {
		object := Object{Template: document.file, YAML: document.content}
		if err := yaml.Unmarshal(document.content, &object); err != nil {
			return nil, fmt.Errorf("reading the rendered %s: %w", document.file, err)
		}
		if object.Kind != "" {
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// Only decodes the one object of a kind into a typed one, strictly: the chart may not contain a field that the type does
// not have. It is an error if there is none, or more than one.
func (r *Rendered) Only(kind string, into any) error {
	var found []document
	for _, document := range r.documents {
		var meta metav1.TypeMeta
		if err := yaml.Unmarshal(document.content, &meta); err != nil {
			return fmt.Errorf("reading the rendered %s: %w", document.file, err)
		}
		if meta.Kind == kind {
			found = append(found, document)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("the chart has %d objects of the kind %s, not one", len(found), kind)
	}
	if err := yaml.UnmarshalStrict(found[0].content, into); err != nil {
		return fmt.Errorf("reading the rendered %s: %w", found[0].file, err)
	}
	return nil
}
