package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/webhook"
)

// options are the flags of the process, checked.
type options struct {
	policyFile  string
	statusLabel bool

	listenAddress string
	certDir       string
	selfManaged   selfManagedOptions
	dnsNames      []string
	tlsMinVersion uint16

	healthAddress  string
	metricsAddress string

	drainDuration        time.Duration
	maxConcurrentReviews int
	maxInFlightBytes     int64

	logLevel  slog.Level
	logFormat string

	showVersion bool
}

// selfManagedOptions say where the certificate authority is that we manage ourselves. They count only if secret is not
// empty.
type selfManagedOptions struct {
	secret         string
	namespace      string
	configurations []string
	kubeconfig     string
}

// The formats of the log.
const (
	formatJSON = "json"
	formatText = "text"
)

// group is a part of the flags under a heading of the help text.
type group struct {
	heading string
	flags   *flag.FlagSet
}

// parseOptions reads the flags. The help text goes to stdout, and the error is flag.ErrHelp then; all that is wrong
// otherwise is in the error.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	var dnsNames, configurations, tlsMinVersion, logLevel string

	groups := []group{
		{"What to inject", newFlags(func(f *flag.FlagSet) {
			f.StringVar(&o.policyFile, "policy", "", "the policy `FILE`, reloaded when it changes; empty: the built-in defaults")
			f.BoolVar(&o.statusLabel, "status-label", false, "label Pods that get a probe with probe-injector.dev/injected=true")
		})},
		{"Serving", newFlags(func(f *flag.FlagSet) {
			f.StringVar(&o.listenAddress, "listen-address", ":9443", "the `ADDRESS` that the API server calls, host:port")
			f.StringVar(&o.certDir, "cert-dir", "/etc/probe-injector/tls", "the `DIRECTORY` of tls.crt and tls.key, reloaded when they change; without it, see --tls-secret")
			f.StringVar(&o.selfManaged.secret, "tls-secret", "", "the `NAME` of a Secret to keep a certificate authority of our own in, instead of --cert-dir; the certificate is then made in memory, renewed by itself, and trusted by what --webhook-configurations names")
			f.StringVar(&o.selfManaged.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the `NAMESPACE` of --tls-secret; empty: the environment variable POD_NAMESPACE")
			f.StringVar(&configurations, "webhook-configurations", "", "the `NAMES`, separated by commas, of the MutatingWebhookConfigurations whose caBundle is kept, with --tls-secret")
			f.StringVar(&o.selfManaged.kubeconfig, "kubeconfig", "", "the kubeconfig `FILE` to reach the Kubernetes API with --tls-secret; empty: as the ServiceAccount of the Pod we run in")
			f.StringVar(&dnsNames, "dns-names", "", "the `NAMES`, separated by commas, that the certificate must have for us to be ready; with --tls-secret it gets them")
			f.StringVar(&tlsMinVersion, "tls-min-version", certs.DefaultMinVersion, "the lowest TLS `VERSION` that is served, 1.2 or 1.3")
			f.DurationVar(&o.drainDuration, "drain-duration", 15*time.Second, "how long to go on serving after SIGTERM, until no API server calls us any more; `DURATION`")
		})},
		{"Limits", newFlags(func(f *flag.FlagSet) {
			f.IntVar(&o.maxConcurrentReviews, "max-concurrent-reviews", webhook.DefaultMaxConcurrentReviews(), "the `NUMBER` of reviews that are decided at once; others wait 500 ms at most")
			f.Int64Var(&o.maxInFlightBytes, "max-in-flight-bytes", webhook.DefaultMaxInFlightBytes, "the `BYTES` that all reviews together may hold; at least 16777216")
		})},
		{"Watching us", newFlags(func(f *flag.FlagSet) {
			f.StringVar(&o.healthAddress, "health-address", ":8081", "the `ADDRESS` of /healthz and /readyz")
			f.StringVar(&o.metricsAddress, "metrics-address", ":8080", "the `ADDRESS` of /metrics")
			f.StringVar(&logLevel, "log-level", "info", "the least important `LEVEL` that is logged: debug, info, warn or error")
			f.StringVar(&o.logFormat, "log-format", formatJSON, "the `FORMAT` of log lines: json or text")
			f.BoolVar(&o.showVersion, "version", false, "print the version and end")
		})},
	}
	all := newFlags(nil)
	for _, g := range groups {
		g.flags.VisitAll(func(f *flag.Flag) { all.Var(f.Value, f.Name, f.Usage) })
	}
	if err := all.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			printHelp(stdout, groups)
		}
		return options{}, err
	}
	o.dnsNames, o.selfManaged.configurations = list(dnsNames), list(configurations)
	given := map[string]bool{}
	all.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return o, errors.Join(o.complete(all.Args(), tlsMinVersion, logLevel), o.checkCertificates(given))
}

// list splits what a flag separates by commas.
func list(value string) []string {
	var all []string
	for one := range strings.SplitSeq(value, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// checkCertificates returns what is wrong with the choice between certificates in files and our own, given the flags
// that were written.
func (o *options) checkCertificates(given map[string]bool) error {
	var errs []error
	if o.selfManaged.secret == "" {
		for _, name := range []string{"namespace", "webhook-configurations", "kubeconfig"} {
			if given[name] {
				errs = append(errs, fmt.Errorf("--%s means nothing without --tls-secret", name))
			}
		}
		return errors.Join(errs...)
	}
	if given["cert-dir"] {
		errs = append(errs, errors.New("--cert-dir and --tls-secret exclude each other: the certificate is either read from files or made by us"))
	}
	for _, needed := range []struct {
		missing bool
		what    string
	}{
		{len(o.dnsNames) == 0, "--dns-names, for whom to make the certificate: usually SERVICE.NAMESPACE.svc"},
		{o.selfManaged.namespace == "", "--namespace, or the environment variable POD_NAMESPACE"},
		{len(o.selfManaged.configurations) == 0, "--webhook-configurations, where to publish who signed it"},
	} {
		if needed.missing {
			errs = append(errs, errors.New("--tls-secret needs "+needed.what))
		}
	}
	return errors.Join(errs...)
}

// complete derives what is not a flag's own type and checks the rest.
func (o *options) complete(rest []string, tlsMinVersion, logLevel string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q: everything is a flag", rest[0]))
	}
	version, err := certs.ParseVersion(tlsMinVersion)
	if err != nil {
		errs = append(errs, fmt.Errorf("--tls-min-version: %w", err))
	}
	o.tlsMinVersion = version
	if err := o.logLevel.UnmarshalText([]byte(logLevel)); err != nil {
		errs = append(errs, fmt.Errorf("--log-level %q: write debug, info, warn or error", logLevel))
	}
	if o.logFormat != formatJSON && o.logFormat != formatText {
		errs = append(errs, fmt.Errorf("--log-format %q: write json or text", o.logFormat))
	}
	if o.drainDuration < 0 {
		errs = append(errs, errors.New("--drain-duration must not be negative"))
	}
	return errors.Join(errs...)
}

// newFlags returns flags that report mistakes to their caller only.
func newFlags(define func(*flag.FlagSet)) *flag.FlagSet {
	f := flag.NewFlagSet("webhook", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	if define != nil {
		define(f)
	}
	return f
}

func printHelp(w io.Writer, groups []group) {
	fmt.Fprintln(w, "The admission webhook of probe-injector: adds probes to the Pods that ask for them.")
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s:\n", g.heading)
		g.flags.VisitAll(func(f *flag.Flag) {
			placeholder, usage := flag.UnquoteUsage(f)
			if f.DefValue != "" && f.DefValue != "false" {
				usage += " (default " + f.DefValue + ")"
			}
			fmt.Fprintf(w, "  %s\n        %s\n", strings.TrimSpace("--"+f.Name+" "+placeholder), usage)
		})
	}
}
