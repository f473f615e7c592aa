package controlplane

import (
	"context"

	"github.com/probe-injector/probe-injector/test/binaries"
)

// programs are the paths of what a control plane runs.
type programs struct {
	etcd, apiServer, controllerManager, kubectl string
}

// findPrograms finds or builds everything before anything is started.
func findPrograms(ctx context.Context, options Options) (programs, error) {
	var found programs
	var err error
	if found.etcd, err = binaries.Etcd(ctx); err != nil {
		return programs{}, err
	}
	wanted := map[string]*string{"kube-apiserver": &found.apiServer, "kubectl": &found.kubectl}
	if options.Controllers {
		wanted["kube-controller-manager"] = &found.controllerManager
	}
	for program, path := range wanted {
		if *path, err = binaries.Kubernetes(ctx, options.Kubernetes, program); err != nil {
			return programs{}, err
		}
	}
	return found, nil
}
