package certmanager

import (
	"context"
	"fmt"
	"slices"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	certmanagerclient "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/typed/certmanager/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

// Renew makes cert-manager issue a Certificate anew, however long it is still valid, and returns before it has. It does
// what "cmctl renew" does: it sets the condition Issuing.
func Renew(ctx context.Context, config *rest.Config, namespace, certificate string) error {
	client, err := certmanagerclient.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		current, err := client.Certificates(namespace).Get(ctx, certificate, metav1.GetOptions{})
		if err != nil {
			return err
		}
		askForIssuing(&current.Status, current.Generation)
		_, err = client.Certificates(namespace).UpdateStatus(ctx, current, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("renewing the Certificate %s/%s: %w", namespace, certificate, err)
	}
	return nil
}

// askForIssuing sets the condition that "cmctl renew" of cert-manager's cmctl v2 sets, with the same reason.
func askForIssuing(status *certmanagerv1.CertificateStatus, generation int64) {
	status.Conditions = slices.DeleteFunc(status.Conditions, func(condition certmanagerv1.CertificateCondition) bool {
		return condition.Type == certmanagerv1.CertificateConditionIssuing
	})
	now := metav1.Now()
	status.Conditions = append(status.Conditions, certmanagerv1.CertificateCondition{
		Type: certmanagerv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue,
		Reason: "ManuallyTriggered", Message: "Certificate re-issuance manually triggered",
		LastTransitionTime: &now, ObservedGeneration: generation,
	})
}
