package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/webhook"
)

// options are the flags of the process, checked.
type options struct {
	policyFile    string
	injectedLabel bool
	preflight     preflight.Options

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
	maxConnections       int

	logLevel  slog.Level
	logFormat string

	showVersion bool
	checkPolicy string
	answer      answerOptions
}

// selfManagedOptions say where the certificate authority is that we manage ourselves. They count only if secret is not
// empty.
type selfManagedOptions struct {
	secret         string
	namespace      string
	configurations []string
	preflights     []string
	kubeconfig     string
}

// The formats of the log.
const (
	formatJSON = "json"
	formatText = "text"
)

// parseOptions reads the flags. The help text goes to stdout, and the error is pflag.ErrHelp then; all that is wrong
// otherwise is in the error.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	var raw unparsed
	groups := o.flags(&raw)
	all := pflag.NewFlagSet("webhook", pflag.ContinueOnError)
	all.Usage = func() { printHelp(stdout, groups) }
	for _, flags := range groups.FlagSets {
		all.AddFlagSet(flags)
	}
	if err := all.Parse(args); err != nil {
		return options{}, err
	}
	o.answer.isShown = all.Changed("show-answer")
	return o, errors.Join(o.complete(all.Args(), &raw), o.checkCertificates(all.Changed))
}

// unparsed are the values of flags whose type has no flag of its own.
type unparsed struct {
	dnsNames, configurations, preflights []string
	tlsMinVersion, logLevel              string
	preflightMode, preflightPlan         string
}

// flags defines all flags, in the groups of the help text.
func (o *options) flags(raw *unparsed) cliflag.NamedFlagSets {
	var groups cliflag.NamedFlagSets

	f := groups.FlagSet("injection")
	f.StringVar(&o.policyFile, "policy", "", "the policy `FILE`, reloaded when it changes; empty: the built-in defaults")
	f.BoolVar(&o.injectedLabel, "injected-label", false, "label Pods that get a probe with probe-injector.dev/injected=true")

	f.BoolVar(&o.preflight.RequireLabel, "require-label", false, "the webhook configuration selects only Pods with the label probe-injector.dev/inject, of which people who apply workloads are told")
	f.StringVar(&raw.preflightMode, "preflight-mode", preflightWarn, "what becomes of a workload that is applied with a wrong annotation, a `MODE`: Warn, or Deny, which refuses what the change itself wrote wrong")
	f.StringVar(&raw.preflightPlan, "preflight-plan", planDryRun, "when people are told what the Pods of a workload will get, a `TIME`: DryRun, when they try it with kubectl, or Never")

	f = groups.FlagSet("serving")
	f.StringVar(&o.listenAddress, "listen-address", ":9443", "the `ADDRESS` that the API server calls, host:port")
	f.StringVar(&o.certDir, "cert-dir", "/etc/probe-injector/tls", "the `DIRECTORY` of tls.crt and tls.key, reloaded when they change; without it, see --tls-secret")
	f.StringVar(&o.selfManaged.secret, "tls-secret", "", "the `NAME` of a Secret to keep a certificate authority of our own in, instead of --cert-dir; the certificate is then made in memory, renewed by itself, and trusted by what --webhook-configurations names")
	f.StringVar(&o.selfManaged.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the `NAMESPACE` of --tls-secret; empty: the environment variable POD_NAMESPACE")
	f.StringSliceVar(&raw.configurations, "webhook-configurations", nil, "the `NAMES`, separated by commas, of the MutatingWebhookConfigurations whose caBundle is kept, with --tls-secret")
	f.StringSliceVar(&raw.preflights, "preflight-configurations", nil, "the `NAMES`, separated by commas, of the ValidatingWebhookConfigurations whose caBundle is kept, with --tls-secret; what is wrong with them never makes us unready")
	f.StringVar(&o.selfManaged.kubeconfig, "kubeconfig", "", "the kubeconfig `FILE` to reach the Kubernetes API with --tls-secret; empty: as the ServiceAccount of the Pod we run in")
	f.StringSliceVar(&raw.dnsNames, "dns-names", nil, "the `NAMES`, separated by commas, that the certificate must have for us to be ready; with --tls-secret it gets them")
	f.StringVar(&raw.tlsMinVersion, "tls-min-version", certs.DefaultMinVersion, "the lowest TLS `VERSION` that is served, 1.2 or 1.3")
	f.DurationVar(&o.drainDuration, "drain-duration", 15*time.Second, "how long to go on serving after SIGTERM, until no API server calls us any more; `DURATION`")

	f = groups.FlagSet("limits")
	f.IntVar(&o.maxConcurrentReviews, "max-concurrent-reviews", webhook.DefaultMaxConcurrentReviews(), "the `NUMBER` of reviews that are decided at once; others wait 500 ms at most")
	f.Int64Var(&o.maxInFlightBytes, "max-in-flight-bytes", webhook.DefaultMaxInFlightBytes, "the `BYTES` that all reviews together may hold; at least 16777216")
	f.IntVar(&o.maxConnections, "max-connections", webhook.DefaultMaxConnections, "the `NUMBER` of connections to --listen-address; beyond it, a slow one that was not answered yet is closed for each new one")

	f = groups.FlagSet("observability")
	f.StringVar(&o.healthAddress, "health-address", ":8081", "the `ADDRESS` of /healthz and /readyz")
	f.StringVar(&o.metricsAddress, "metrics-address", ":8080", "the `ADDRESS` of /metrics")
	f.StringVar(&raw.logLevel, "log-level", "info", "the least important `LEVEL` that is logged: debug, info, warn or error")
	f.StringVar(&o.logFormat, "log-format", formatJSON, "the `FORMAT` of log lines: json or text")
	f.BoolVar(&o.showVersion, "version", false, "print the version and end")

	f = groups.FlagSet("hooks of Helm")
	f.StringVar(&o.checkPolicy, "check-policy", "", "say what is wrong with a policy `FILE`, as it would be read at the start, and end")
	o.answer.flags(f)
	return groups
}

// namesIn drops the space around names, and names that are empty.
func namesIn(values []string) []string {
	var names []string
	for _, value := range values {
		if name := strings.TrimSpace(value); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// checkCertificates returns what is wrong with the choice between certificates in files and our own, given the flags
// that were written.
func (o *options) checkCertificates(given func(flag string) bool) error {
	var errs []error
	if o.selfManaged.secret == "" {
		for _, name := range []string{"namespace", "webhook-configurations", "preflight-configurations", "kubeconfig"} {
			if given(name) {
				errs = append(errs, fmt.Errorf("--%s means nothing without --tls-secret", name))
			}
		}
		return errors.Join(errs...)
	}
	if given("cert-dir") {
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
func (o *options) complete(rest []string, raw *unparsed) error {
	o.dnsNames, o.selfManaged.configurations = namesIn(raw.dnsNames), namesIn(raw.configurations)
	o.selfManaged.preflights = namesIn(raw.preflights)
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q: everything is a flag", rest[0]))
	}
	version, err := certs.ParseVersion(raw.tlsMinVersion)
	if err != nil {
		errs = append(errs, fmt.Errorf("--tls-min-version: %w", err))
	}
	o.tlsMinVersion = version
	if err := o.logLevel.UnmarshalText([]byte(raw.logLevel)); err != nil {
		errs = append(errs, fmt.Errorf("--log-level %q: write debug, info, warn or error", raw.logLevel))
	}
	if o.logFormat != formatJSON && o.logFormat != formatText {
		errs = append(errs, fmt.Errorf("--log-format %q: write json or text", o.logFormat))
	}
	if o.maxConnections < 1 {
		errs = append(errs, errors.New("--max-connections must be positive"))
	}
	if o.drainDuration < 0 {
		errs = append(errs, errors.New("--drain-duration must not be negative"))
	}
	return errors.Join(append(errs, o.completePreflight(raw)...)...)
}

// The words of the flags about preflights.
const (
	preflightWarn, preflightDeny = "Warn", "Deny"
	planDryRun, planNever        = "DryRun", "Never"
)

func (o *options) completePreflight(raw *unparsed) []error {
	var errs []error
	if raw.preflightMode != preflightWarn && raw.preflightMode != preflightDeny {
		errs = append(errs, fmt.Errorf("--preflight-mode %q: write Warn or Deny", raw.preflightMode))
	}
	if raw.preflightPlan != planDryRun && raw.preflightPlan != planNever {
		errs = append(errs, fmt.Errorf("--preflight-plan %q: write DryRun or Never", raw.preflightPlan))
	}
	o.preflight.Deny, o.preflight.Plan = raw.preflightMode == preflightDeny, raw.preflightPlan == planDryRun
	return errs
}

// helpColumns is the width of the help text.
const helpColumns = 120

func printHelp(w io.Writer, groups cliflag.NamedFlagSets) {
	fmt.Fprintln(w, "The admission webhook of probe-injector: adds probes to the Pods that ask for them.")
	cliflag.PrintSections(w, groups, helpColumns)
}
