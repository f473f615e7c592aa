package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/test/gobuild"
)

// target is one pinned program.
type target struct {
	// folder is the module that pins the program.
	folder string
	// pkg is the program's main package.
	pkg string
	// program is its name, and version its version as Go writes it: v1.36.3.
	program, version string
}

// build returns the path of the program in bin/, and builds it if it is not there.
func build(ctx context.Context, t target) (string, error) {
	path := t.output()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return path, err
	}
	fmt.Fprintf(os.Stderr, "building %s %s into %s, once; %s\n", t.program, t.version, filepath.Dir(path), t.duration())
	started := time.Now()
	err := gobuild.Build(ctx, gobuild.Target{
		Dir: t.folder, Package: t.pkg, Output: path, LinkerFlags: t.linkerFlags(), Once: true,
		// Kubernetes releases the kubelet with cgo, and it does not work without.
		Cgo: t.program == "kubelet",
	})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "built %s in %s\n", t.program, time.Since(started).Round(time.Second))
	return path, nil
}

// linkerFlags tell programs of Kubernetes their version: without it they report v0.0.0, and clients complain.
func (t target) linkerFlags() string {
	numbers := strings.SplitN(strings.TrimPrefix(t.version, "v"), ".", 3)
	if !strings.HasPrefix(t.pkg, "k8s.io/kubernetes/") || len(numbers) != 3 {
		return ""
	}
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			"-X", pkg+".gitVersion="+t.version,
			"-X", pkg+".gitMajor="+numbers[0],
			"-X", pkg+".gitMinor="+numbers[1],
		)
	}
	return strings.Join(flags, " ")
}

// duration says how long the build takes on two cores.
func (t target) duration() string {
	switch t.program {
	case "etcd":
		return "this takes about half a minute"
	case "kube-apiserver":
		return "this takes about five minutes the first time"
	default:
		return "this takes about a minute after kube-apiserver, else several"
	}
}

// output is where the program belongs: bin/kubernetes-1.36.3/kube-apiserver.
func (t target) output() string {
	project, _, _ := strings.Cut(filepath.Base(t.folder), "-")
	root := filepath.Dir(filepath.Dir(filepath.Dir(t.folder)))
	return filepath.Join(root, "bin", project+"-"+strings.TrimPrefix(t.version, "v"), t.program)
}
