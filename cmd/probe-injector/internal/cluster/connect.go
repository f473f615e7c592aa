// Package cluster reads from a cluster what the verbs of the CLI look at. It is the only package of the CLI that knows
// client-go, it only reads, and it creates a Pod on dry run.
//
// Start at [Flags], which connects as kubectl does: the same kubeconfig, contexts, flags and ways to log in.
package cluster

import (
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	// Every way to log in that kubectl knows.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// The limits of requests are those of kubectl: the API server's own priority and fairness protects it better than a client
// that waits (k8s.io/kubectl/pkg/cmd/cmd.go).
const (
	queriesPerSecond = 50
	burst            = 300
)

// Flags are kubectl's flags that say which cluster and who asks.
type Flags struct {
	config *genericclioptions.ConfigFlags
}

// NewFlags returns flags with kubectl's defaults. There is no --server: the kubeconfig says where a cluster is.
func NewFlags() *Flags {
	config := genericclioptions.NewConfigFlags(true)
	config.APIServer = nil
	return &Flags{config}
}

// shown are the flags that the help of a verb lists; kubectl hides the others behind "kubectl options".
func shown() []string { return []string{"kubeconfig", "context", "namespace", "as", "request-timeout"} }

// AddTo adds the flags to those of a verb.
func (f *Flags) AddTo(flags *pflag.FlagSet) {
	own := pflag.NewFlagSet("cluster", pflag.ContinueOnError)
	f.config.AddFlags(own)
	own.VisitAll(func(flag *pflag.Flag) {
		flag.Hidden = !slices.Contains(shown(), flag.Name)
	})
	flags.AddFlagSet(own)
}

// Namespace is what the flag says; empty when it was not given.
func (f *Flags) Namespace() string { return *f.config.Namespace }

// SetNamespace takes the namespace from a flag of the verb's own.
func (f *Flags) SetNamespace(name string) { *f.config.Namespace = name }

// Cluster is a connection, which is made by the first request.
type Cluster struct {
	// Context is the context in the kubeconfig; empty where there is no kubeconfig, as in a Pod.
	Context string
	// Namespace is the one that the flags or the context name, else "default".
	Namespace string
	// Clients ask the API server, and Config is what other clients are made of.
	Clients Clients
	Config  *rest.Config
	flags   *genericclioptions.ConfigFlags
}

// Connect prepares the connection, and tells on the given writer which cluster is meant: whoever looks at the wrong one
// should see it at once. The version goes into the User-Agent.
func (f *Flags) Connect(version string, problems io.Writer) (*Cluster, error) {
	f.config.WrapConfigFn = func(config *rest.Config) *rest.Config {
		config.UserAgent = fmt.Sprintf("probe-injector/%s (%s/%s)", version, runtime.GOOS, runtime.GOARCH)
		config.QPS, config.Burst = queriesPerSecond, burst
		config.WarningHandler = rest.NoWarnings{}
		return config
	}
	// client-go logs what it also returns. People read it once.
	klog.SetLogger(logr.Discard())
	loader := f.config.ToRawKubeConfigLoader()
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	c := &Cluster{Context: raw.CurrentContext, flags: f.config}
	if name := *f.config.Context; name != "" {
		c.Context = name
	}
	if c.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if c.Config, err = f.config.ToRESTConfig(); err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if c.Clients, err = newClients(c.Config); err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	fmt.Fprintln(problems, "cluster: "+c.name())
	return c, nil
}

// name is the cluster for people.
func (c *Cluster) name() string {
	if c.Context == "" {
		return c.Config.Host
	}
	return "context " + c.Context
}
