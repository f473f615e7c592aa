package controlplane

import (
	"context"

	"github.com/probe-injector/probe-injector/test/binaries"
)

// programs are the paths of what a control plane runs.
type programs struct {
	etcd, apiServer, controllerManager, scheduler, kubectl string
}

// findPrograms finds or builds everything before anything is started.
func findPrograms(ctx context.Context, options Options) (programs, error) {
	var found programs
	// The largest comes first: the others are built quickly after it.
	type program struct {
		name string
		path *string
	}
	wanted := []program{{"kube-apiserver", &found.apiServer}, {"kubectl", &found.kubectl}}
	if options.Controllers {
		wanted = append(wanted, program{"kube-controller-manager", &found.controllerManager})
	}
	if len(options.Nodes) > 0 {
		wanted = append(wanted, program{"kube-scheduler", &found.scheduler})
	}
	for _, want := range wanted {
		path, err := binaries.Kubernetes(ctx, options.Kubernetes, want.name)
		if err != nil {
			return programs{}, err
		}
		*want.path = path
	}
	etcd, err := binaries.Etcd(ctx)
	if err != nil {
		return programs{}, err
	}
	found.etcd = etcd
	return found, nil
}
