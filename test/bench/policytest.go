package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/bench/statistics"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// The arms of the comparison of "policy test" with reading its input.
const (
	armPolicyTest = "policy test"
	armReading    = "reading"
)

const (
	fleetSize         = 5_000
	policyTestRounds  = 7
	policyTestsQuick  = 1
	fleetFile         = "fleet.yaml"
	fleetExpectations = "fleet.txt"
)

// measurePolicyTest measures the CPU time of "probe-injector policy test" over a large fleet, all by itself and beside that of a
// program that reads the same file as kubectl does.
func measurePolicyTest(ctx context.Context, b *bench) (found values, err error) {
	dir, err := os.MkdirTemp("", "probe-injector-bench-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of the fleet: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	text, err := fleet(fleetSize)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, fleetFile), text, 0o600); err != nil {
		return nil, fmt.Errorf("writing the fleet: %w", err)
	}
	cli, reading, err := buildPolicyTest(ctx, dir)
	if err != nil {
		return nil, err
	}
	test := []string{cli, "policy", "test", "-f", fleetFile, "--want", fleetExpectations}
	if _, err := cpuSeconds(ctx, dir, append(test, "--update")...); err != nil {
		return nil, err
	}
	samples, err := interleave(ctx, b.times(policyTestRounds, policyTestsQuick), []arm{
		{armPolicyTest, func(ctx context.Context) (float64, error) { return cpuSeconds(ctx, dir, test...) }},
		{armReading, func(ctx context.Context) (float64, error) { return cpuSeconds(ctx, dir, reading, fleetFile) }},
	})
	if err != nil {
		return nil, err
	}
	seconds := statistics.Median(samples[armPolicyTest])
	b.logf("  %d workloads in %.1f MB: policy test takes %.2f s, reading them %.2f s", fleetSize, float64(len(text))/1e6, seconds, statistics.Median(samples[armReading]))
	ratio := statistics.Median(statistics.Ratios(samples[armPolicyTest], samples[armReading]))
	return values{"policy_test_5000_cpu_seconds": seconds, "policy_test_vs_reading": ratio}, nil
}

// buildPolicyTest builds both programs.
func buildPolicyTest(ctx context.Context, dir string) (cli, reading string, err error) {
	root, err := checkout.Root()
	if err != nil {
		return "", "", err
	}
	cli, reading = filepath.Join(dir, "probe-injector"), filepath.Join(dir, "reading")
	return cli, reading, errors.Join(
		gobuild.Build(ctx, gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: cli}),
		gobuild.Build(ctx, gobuild.Target{Dir: filepath.Join(root, "test"), Package: "./bench/reading", Output: reading}),
	)
}

// cpuSeconds is the CPU time of a command, user and system.
func cpuSeconds(ctx context.Context, dir string, command ...string) (float64, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("running %s: %w: %s", filepath.Base(command[0]), err, output)
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}
