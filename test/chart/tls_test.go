package chart_test

import (
	"strings"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/certmanager/chain"
	"github.com/probe-injector/probe-injector/test/chart"
)

// TestTheObjectsForCertManagerAreTheOnesOfTheCode holds the templates against the typed chain, field by field.
func TestTheObjectsForCertManagerAreTheOnesOfTheCode(t *testing.T) {
	rendered := renderAll(t, `{tls: {mode: cert-manager}}`)
	configuration := render(t, chart.Options{Values: `{tls: {mode: cert-manager}}`})
	release := chain.Release{FullName: "probe-injector", Namespace: "probe-injector", Labels: configuration.Labels}
	want := chain.New(release)

	issuers, certificates := certManagerObjects(t, rendered)
	wantIssuers := map[string]*certmanagerv1.Issuer{want.SelfSigned.Name: want.SelfSigned, want.CAIssuer.Name: want.CAIssuer}
	if diff := cmp.Diff(wantIssuers, issuers); diff != "" {
		t.Errorf("issuers: want - got +:\n%s", diff)
	}
	wantCertificates := map[string]*certmanagerv1.Certificate{want.CA.Name: want.CA, want.Leaf.Name: want.Leaf}
	if diff := cmp.Diff(wantCertificates, certificates); diff != "" {
		t.Errorf("certificates: want - got +:\n%s", diff)
	}
	if got := configuration.Annotations[chain.InjectAnnotation]; got != want.InjectCAFrom() {
		t.Errorf("the bundle comes from %q, want %q", got, want.InjectCAFrom())
	}
	if got := volumesOf(t, rendered)["certificate"].Secret; got == nil || got.SecretName != want.Leaf.Spec.SecretName {
		t.Errorf("the Pod mounts %+v, want the Secret %s", got, want.Leaf.Spec.SecretName)
	}
}

func TestAnIssuerOfTheAdminsOwnSignsTheSameLeaf(t *testing.T) {
	values := `{tls: {mode: cert-manager, certManager: {issuerRef: {name: corporate, kind: ClusterIssuer}}}}`
	issuers, certificates := certManagerObjects(t, renderAll(t, values))
	want := chain.New(chain.Release{
		FullName: "probe-injector", Namespace: "probe-injector", Labels: render(t, chart.Options{}).Labels,
	}).Leaf
	want.Spec.IssuerRef = cmmeta.IssuerReference{Group: "cert-manager.io", Kind: "ClusterIssuer", Name: "corporate"}
	if len(issuers) != 0 {
		t.Errorf("there are issuers of our own: %v", issuers)
	}
	if diff := cmp.Diff(map[string]*certmanagerv1.Certificate{want.Name: want}, certificates); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
}

// certManagerObjects are the issuers and certificates of an installation, decoded strictly.
func certManagerObjects(t *testing.T, rendered *chart.Rendered) (map[string]*certmanagerv1.Issuer, map[string]*certmanagerv1.Certificate) {
	t.Helper()
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	issuers, certificates := map[string]*certmanagerv1.Issuer{}, map[string]*certmanagerv1.Certificate{}
	for _, object := range objects {
		switch object.Kind {
		case certmanagerv1.IssuerKind:
			issuer := &certmanagerv1.Issuer{}
			if err := yaml.UnmarshalStrict(object.YAML, issuer); err != nil {
				t.Fatal(err)
			}
			issuers[issuer.Name] = issuer
		case certmanagerv1.CertificateKind:
			certificate := &certmanagerv1.Certificate{}
			if err := yaml.UnmarshalStrict(object.YAML, certificate); err != nil {
				t.Fatal(err)
			}
			certificates[certificate.Name] = certificate
		}
	}
	return issuers, certificates
}

// TestABundleIsOnlyRenderedWhereTheAdminGivesIt: in the other modes it is written in the cluster, and whatever the chart
// rendered would undo that with the next upgrade.
func TestABundleIsOnlyRenderedWhereTheAdminGivesIt(t *testing.T) {
	pem := authorityPEM(t)
	for mode, want := range map[string]string{"self-managed": "", "cert-manager": "", "existing-secret": pem} {
		t.Run(mode, func(t *testing.T) {
			configuration := render(t, chart.Options{Values: strings.Replace(bundle(pem), "existing-secret", mode, 1)})
			for _, webhook := range configuration.Webhooks {
				if got := string(webhook.ClientConfig.CABundle); got != want {
					t.Errorf("%s has the bundle %q, want %q", webhook.Name, got, want)
				}
			}
		})
	}
}

func TestTheSelfManagedSecretIsRenderedEmpty(t *testing.T) {
	secret := &corev1.Secret{}
	if err := renderAll(t, `{}`).Only("Secret", secret); err != nil {
		t.Fatal(err)
	}
	if secret.Name != "probe-injector-authority" || len(secret.Data)+len(secret.StringData) != 0 {
		t.Errorf("it is %+v", secret)
	}
	// With this type the API server would ask for tls.crt and tls.key at once.
	if secret.Type == corev1.SecretTypeTLS {
		t.Error("an empty Secret cannot be of the type kubernetes.io/tls")
	}
	if _, kept := secret.Annotations["helm.sh/resource-policy"]; kept {
		t.Error("it would outlive the release")
	}
}

// TestNoModeButTheSelfManagedHasAccessToTheAPI: neither permissions nor a token nor a Secret that it could write.
func TestNoModeButTheSelfManagedHasAccessToTheAPI(t *testing.T) {
	for mode, values := range map[string]string{
		"cert-manager": `{tls: {mode: cert-manager}}`, "existing-secret": `{tls: {mode: existing-secret, existingSecret: {name: mine}}}`,
	} {
		t.Run(mode, func(t *testing.T) {
			rendered := renderAll(t, values)
			objects, err := rendered.Objects()
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range objects {
				if object.GroupVersionKind().Group == rbacv1.GroupName || object.Kind == "Secret" {
					t.Errorf("there is a %s %s", object.Kind, object.Name)
				}
			}
			pod := podOf(t, rendered)
			if token := pod.AutomountServiceAccountToken; token == nil || *token {
				t.Error("the Pod gets a token")
			}
			secret := volumesOf(t, rendered)["certificate"].Secret
			if secret == nil || (secret.Optional != nil && *secret.Optional) {
				t.Errorf("the kubelet does not wait for the certificate: %+v", secret)
			}
			for _, argument := range pod.Containers[0].Args {
				if strings.HasPrefix(argument, "--tls-secret") || strings.HasPrefix(argument, "--webhook-configurations") {
					t.Errorf("the server is told %s", argument)
				}
			}
		})
	}
}

func TestAnExistingSecretNeedsItsName(t *testing.T) {
	_, err := chart.Render(chart.Options{Values: `{tls: {mode: existing-secret}}`})
	if err == nil || !strings.Contains(err.Error(), "tls.existingSecret.name must name the Secret") {
		t.Errorf("the error is %v", err)
	}
}
