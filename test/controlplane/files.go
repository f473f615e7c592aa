package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

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
	// address is where the API server listens.
	address string
	// adminToken is our password.
	adminToken string
}

// newFiles makes the folder with all files that have to be there before anything starts.
func newFiles(options Options) (*files, error) {
	dir := options.Dir
	if dir == "" {
		made, err := os.MkdirTemp("", "probe-injector-controlplane-")
		if err != nil {
			return nil, fmt.Errorf("making the control plane's folder: %w", err)
		}
		dir = made
	}
	f := &files{dir: dir, address: options.address()}
	if err := f.fill(options); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return f, nil
}

// path is the path of a file in the folder.
func (f *files) path(name string) string { return filepath.Join(f.dir, name) }

// url is where the API server listens.
func (f *files) url() string {
	return "https://" + net.JoinHostPort(f.address, strconv.Itoa(f.apiServer))
}

func (f *files) fill(options Options) error {
	ports, err := process.FreePorts(3)
	if err != nil {
		return err
	}
	f.etcdClient, f.etcdPeer, f.apiServer = ports[0], ports[1], ports[2]
	steps := []func() error{
		func() error { return f.writeServingCertificate(options) },
		f.writeServiceAccountKey,
		func() error { return f.writeUsers(options) },
	}
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

func (f *files) writeServingCertificate(options Options) error {
	authority, err := certificate.NewAuthority("control plane of a test")
	if err != nil {
		return err
	}
	f.authority = authority
	kubernetesService, err := options.kubernetesService()
	if err != nil {
		return err
	}
	leaf, err := authority.Sign(24*time.Hour,
		f.address, kubernetesService, "127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc")
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
