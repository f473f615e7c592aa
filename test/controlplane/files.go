package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/process"
)

// files is the temporary folder of a control plane: everything that its programs read and write, and the ports on which
// they listen.
type files struct {
	dir string
	// authority signed the API server's certificate.
	authority *certificate.Authority
	// etcdClient, etcdPeer and apiServer are ports of 127.0.0.1.
	etcdClient, etcdPeer, apiServer int
	// adminToken and controllersToken are the passwords of the two users.
	adminToken, controllersToken string
}

// newFiles makes the folder with all files that have to be there before anything starts.
func newFiles(options Options) (*files, error) {
	dir, err := os.MkdirTemp("", "probe-injector-controlplane-")
	if err != nil {
		return nil, fmt.Errorf("making the control plane's folder: %w", err)
	}
	f := &files{dir: dir}
	if err := f.fill(options); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return f, nil
}

// path is the path of a file in the folder.
func (f *files) path(name string) string { return filepath.Join(f.dir, name) }

// url is where the API server listens.
func (f *files) url() string { return fmt.Sprintf("https://127.0.0.1:%d", f.apiServer) }

func (f *files) fill(options Options) error {
	ports, err := process.FreePorts(3)
	if err != nil {
		return err
	}
	f.etcdClient, f.etcdPeer, f.apiServer = ports[0], ports[1], ports[2]
	steps := []func() error{f.writeServingCertificate, f.writeServiceAccountKey, f.writeTokens, f.writeKubeconfigs}
	if options.Audit {
		steps = append(steps, func() error { return f.writeAuditPolicy(options.AuditUsers) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (f *files) write(name string, content []byte) error {
	if err := os.WriteFile(f.path(name), content, 0o600); err != nil {
		return fmt.Errorf("writing a file of the control plane: %w", err)
	}
	return nil
}

func (f *files) writeServingCertificate() error {
	authority, err := certificate.NewAuthority("control plane of a test")
	if err != nil {
		return err
	}
	f.authority = authority
	leaf, err := authority.Sign(24*time.Hour, "127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc")
	if err != nil {
		return err
	}
	return certificate.WriteDir(f.path("serving"), leaf, authority)
}

// writeServiceAccountKey makes the key that signs the tokens of ServiceAccounts.
func (f *files) writeServiceAccountKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the key of ServiceAccounts: %w", err)
	}
	content, err := certificate.KeyPEM(key)
	if err != nil {
		return err
	}
	return f.write("service-accounts.key", content)
}

// writeTokens makes the two users: us, who may do everything, and the controllers, who may do what they usually may.
func (f *files) writeTokens() error {
	f.adminToken, f.controllersToken = rand.Text(), rand.Text()
	lines := []string{
		f.adminToken + `,test-admin,test-admin,"system:masters"`,
		f.controllersToken + `,system:kube-controller-manager,system:kube-controller-manager,""`,
	}
	return f.write("tokens.csv", []byte(strings.Join(lines, "\n")+"\n"))
}

func (f *files) writeKubeconfigs() error {
	if err := f.writeKubeconfig("kubeconfig", "test-admin", f.adminToken); err != nil {
		return err
	}
	return f.writeKubeconfig("controllers.kubeconfig", "system:kube-controller-manager", f.controllersToken)
}

func (f *files) writeKubeconfig(name, user, token string) error {
	const cluster = "test"
	config := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			cluster: {Server: f.url(), CertificateAuthorityData: f.authority.PEM()},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{cluster: {Cluster: cluster, AuthInfo: user}},
		CurrentContext: cluster,
	}
	if err := clientcmd.WriteToFile(config, f.path(name)); err != nil {
		return fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return nil
}

// writeAuditPolicy asks for the bodies of everything that concerns Pods and workloads, for all that some users ask, and
// for nothing else: that keeps the log readable.
func (f *files) writeAuditPolicy(users []string) error {
	policy := `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: RequestResponse
    verbs: [create, update, patch]
    resources:
      - group: ""
        resources: [pods]
      - group: apps
      - group: batch
`
	if len(users) > 0 {
		quoted, err := json.Marshal(users)
		if err != nil {
			return fmt.Errorf("writing the audit policy: %w", err)
		}
		policy += "  - {level: Metadata, users: " + string(quoted) + "}\n"
	}
	return f.write("audit-policy.yaml", []byte(strings.TrimLeft(policy+"  - level: None\n", "\n")))
}
