// Command build builds the programs that the tests run against, so that no test has to wait for them:
//
//	go -C test run ./binaries/build              the Kubernetes that tests use by default
//	go -C test run ./binaries/build 1.30 1.37    the named ones
//	go -C test run ./binaries/build -node        what a node needs, too
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/probe-injector/probe-injector/test/binaries"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	node := flag.Bool("node", false, "build what a node needs, too")
	flag.Parse()
	err := run(ctx, *node, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes sure that everything is there for each minor version, and prints where.
func run(ctx context.Context, node bool, minors []string) error {
	programs := []string{"kube-apiserver", "kube-controller-manager", "kubectl"}
	if node {
		programs = append(programs, "kube-scheduler", "kube-proxy", "kubelet")
	}
	if len(minors) == 0 {
		minors = []string{""}
	}
	etcd, err := binaries.Etcd(ctx)
	if err != nil {
		return err
	}
	fmt.Println(etcd)
	var failures []error
	for _, minor := range minors {
		for _, program := range programs {
			path, err := binaries.Kubernetes(ctx, minor, program)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			fmt.Println(path)
		}
	}
	return errors.Join(failures...)
}
