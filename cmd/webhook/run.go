package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/cmd/internal/version"
	"github.com/probe-injector/probe-injector/webhook"
	"github.com/probe-injector/probe-injector/webhook/listen"
)

const (
	// gcPercent lets the heap grow to three times what is alive, a few MiB, before it is collected: reviews leave only
	// garbage. Twice, Go's default, costs a tenth more CPU; four times costs 5 MiB more and gains nothing measurable.
	// GOGC in the environment wins.
	gcPercent = 200
	// memoryBeside is what the process needs beside the bodies of reviews, which --max-in-flight-bytes bounds: itself and
	// its garbage, and connections.
	memoryBeside = 80 << 20
)

// run is the whole life of the process: it returns nil after the drain that the end of ctx begins, or the reason why
// it could not start or go on.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stdout)
	if errors.Is(err, pflag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.showVersion {
		_, err := fmt.Fprintln(stdout, version.String())
		return err
	}
	if o.checkPolicy != "" {
		return checkPolicy(o.checkPolicy, stdout)
	}
	if o.answer.isAsked() {
		return o.answer.run(ctx, stdout)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	limitMemory(o.maxInFlightBytes)
	logger := newLogger(stderr, o.logFormat, o.logLevel)
	p, err := newProcess(o, logger)
	if err != nil {
		return err
	}
	return p.run(ctx)
}

// limitMemory has garbage collected before the process is larger than its own limits add up to. GOMEMLIMIT, which the
// chart derives from the container's limit, is usually higher; a lower one stays.
func limitMemory(maxInFlightBytes int64) {
	const read = -1
	if own := maxInFlightBytes + memoryBeside; own < debug.SetMemoryLimit(read) {
		debug.SetMemoryLimit(own)
	}
}

// process is everything that runs, in the order in which it is built.
type process struct {
	options  options
	logger   *slog.Logger
	registry *prometheus.Registry
	policy   *policySource
	certs    certificates
	handler  *webhook.Handler
	listen   *listen.Metrics
	ready    *readiness
}

func newProcess(o options, logger *slog.Logger) (*process, error) {
	p := &process{options: o, logger: logger, registry: newRegistry()}
	var err error
	if p.policy, err = newPolicySource(o.policyFile, p.registry); err != nil {
		return nil, err
	}
	if p.listen, err = listen.NewMetrics(p.registry); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	if err := p.policy.mistake(); err != nil {
		logger.Error("the policy is wrong; until it is corrected, rules from the first wrong one on do nothing, and if anything else is wrong, nothing is injected", "error", err)
	}
	f, err := faultsFromEnvironment()
	if err != nil {
		return nil, err
	}
	if p.certs, err = newCertificates(o, f, logger, p.registry); err != nil {
		return nil, err
	}
	p.handler, err = webhook.New(webhook.Options{
		Policy:               func() webhook.Decider { return f.around(p.policy.current()) },
		Logger:               logger,
		Registerer:           p.registry,
		InjectedLabel:        o.injectedLabel,
		Preflight:            o.preflight,
		MaxConcurrentReviews: o.maxConcurrentReviews,
		MaxInFlightBytes:     o.maxInFlightBytes,
	})
	if err != nil {
		return nil, err
	}
	p.ready = &readiness{
		before: p.certs.ready,
		policy: p.policy.mistake,
		check:  certs.NewCheck(o.listenAddress, o.dnsNames, p.certs.trusted(), f.now),
		log:    newReadyLog(logger),
	}
	return p, nil
}

// run serves until ctx ends, and then drains: we stop being ready, ask every client to close its connection, and go on
// serving until the API servers have noticed. Health and metrics outlive that, so that it can be watched.
func (p *process) run(ctx context.Context) error {
	server, err := webhook.NewServer(p.handler, webhook.ServerOptions{
		Address: p.options.listenAddress, TLS: certs.ServerTLS(p.certs, p.options.tlsMinVersion),
		MaxConnections: p.options.maxConnections, Metrics: p.listen,
	})
	if err != nil {
		return err
	}
	health, err := p.serve("health", p.options.healthAddress, healthHandler(p.ready))
	if err != nil {
		return err
	}
	defer health.stop()
	metrics, err := p.serve("metrics", p.options.metricsAddress, metricsHandler(p.registry))
	if err != nil {
		return err
	}
	defer metrics.stop()

	// Not derived from ctx: serving ends after the drain, not before it.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	var background sync.WaitGroup
	background.Go(func() { watch(serving, p.logger, p.directories(), p.reload) })
	background.Go(func() { p.certs.run(serving) })
	served := make(chan error, 1)
	go func() { served <- server.Start(serving) }()
	p.logger.Info("serving", "version", version.String(), "address", p.options.listenAddress, "health", health.server.Address(), "metrics", metrics.server.Address())

	select {
	case err := <-served:
		return fmt.Errorf("serving reviews: %w", err)
	case <-ctx.Done():
	}
	p.logger.Info("draining", "duration", p.options.drainDuration.String())
	p.ready.drain()
	p.handler.Drain()
	select {
	case err := <-served:
		return fmt.Errorf("serving reviews during the drain: %w", err)
	case <-time.After(p.options.drainDuration):
	}
	stopServing()
	background.Wait()
	if err := <-served; err != nil {
		return fmt.Errorf("ending the server: %w", err)
	}
	p.logger.Info("ended")
	return nil
}

// directories are those in which a change may concern us.
func (p *process) directories() []string {
	directories := p.certs.directories()
	if p.options.policyFile != "" {
		directories = append(directories, filepath.Dir(p.options.policyFile))
	}
	return directories
}

// reload looks at all files again. What cannot be used leaves everything as it was.
func (p *process) reload() {
	p.certs.reload(p.logger)
	switch changed, err := p.policy.reload(); {
	case err != nil:
		p.logger.Error("the policy was not reloaded, the one before stays", "error", err)
	case changed:
		p.logger.Info("policy reloaded")
	}
}
