package e2e

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

const (
	// quick is what the status says of the smallest figures, patient of the smallest for commands, and late of the smallest
	// without a startup probe.
	quick   = "; up to 32s to start, restart after 20-30s"
	patient = "; up to 32s to start, restart after 30-45s"
	late    = "; up to 30s to start, restart after 20-30s"
)

// words are our keys without their domain.
type words = map[string]string

// handlerCases lists the cases, those that take longest first.
func handlerCases() []handlerCase {
	return slices.Concat(networkCases(), containerCases(), commandCases(), silenceCases(), startCases())
}

// networkCases are the handlers that connect to the Pod.
func networkCases() []handlerCase {
	return []handlerCase{
		{
			name: "http with the figures of the class",
			pod: handlerPod(map[string]string{
				"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz",
			}, target()),
			status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz; up to 334s to start, restart after 50-65s",
			then:   everything(),
		},
		{
			name: "http with a path for each",
			pod: handlerPod(keys("", words{
				"liveness": "/livez", "readiness": "/readyz", "startup": "/startedz",
			}), target("--started-after=1s")),
			status: "web: startup http:8080/startedz, liveness http:8080/livez, readiness http:8080/readyz" + quick,
			then:   everything((*probed).isExplained),
		},
		{
			name: "http with a Host header",
			pod: handlerPod(keys("", words{
				"liveness": "/livez", "readiness": "/readyz", "host-header": "shop.example.com",
			}), target("--host=shop.example.com")),
			status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz" + quick,
			then:   everything(),
		},
		{
			name:   "http without a startup probe",
			pod:    handlerPod(keys("", words{"liveness": "/livez", "readiness": "/readyz", "startup": "false"}), target()),
			status: "web: liveness http:8080/livez, readiness http:8080/readyz" + late,
			then:   everything(),
		},
		{
			name:   "https",
			pod:    handlerPod(keys("", words{"liveness": "https:8443/livez", "readiness": "https:8443/readyz"}), target()),
			status: "web: startup+liveness https:8443/livez, readiness https:8443/readyz" + quick,
			then:   everything(),
		},
		{
			name:   "grpc of services",
			pod:    handlerPod(keys("", words{"liveness": "grpc:9000/liveness", "readiness": "grpc:9000/readiness"}), target()),
			status: "web: startup+liveness grpc:9000/liveness, readiness grpc:9000/readiness" + quick,
			then:   everything(),
		},
		{
			name:   "grpc of the server as a whole",
			pod:    handlerPod(keys("", words{"liveness": "grpc:9000", "readiness": "grpc:9000/readiness"}), target()),
			status: "web: startup+liveness grpc:9000, readiness grpc:9000/readiness" + quick,
			then:   everything(),
		},
		{
			name: "ports by their names",
			pod: handlerPod(keys("", words{
				"liveness": "http:internal/livez", "readiness": "https:shop/readyz", "startup": "tcp:any",
			}), withPorts(target(),
				corev1.ContainerPort{Name: "internal", ContainerPort: 8080}, corev1.ContainerPort{Name: "shop", ContainerPort: 8443},
				corev1.ContainerPort{Name: "any", ContainerPort: 7000},
			)),
			// A bare connection proves less than liveness asks, so that liveness waits for the budget itself.
			status: "web: startup tcp:7000, liveness http:8080/livez, readiness https:8443/readyz" + late,
			then:   everything(),
		},
	}
}

// containerCases are Pods of more than one container.
func containerCases() []handlerCase {
	admin := keys("admin", words{"liveness": "http:8081/livez", "readiness": "http:8081/readyz"})
	return []handlerCase{
		{
			name:      "one container of two",
			container: "admin",
			pod: handlerPod(both(keys("web", words{"liveness": "http:8080/livez", "readiness": "http:8080/readyz"}), admin),
				target(), secondTarget()),
			status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz" + quick +
				" | admin: startup+liveness http:8081/livez, readiness http:8081/readyz" + quick,
			then: everything(),
		},
		{
			name:      "a native sidecar",
			container: "admin",
			pod:       withSidecar(handlerPod(admin, target()), secondTarget("--start-after=15s")),
			status:    "admin: liveness http:8081/livez, readiness http:8081/readyz" + late,
			then:      append([]step{(*probed).holdsNobodyBack}, everything()...),
		},
		{
			name:      "a native sidecar with a startup probe",
			container: "admin",
			pod: withSidecar(handlerPod(both(admin, map[string]string{
				"admin.probe-injector.dev/startup": "http:8081/startedz",
			}), target()), secondTarget()),
			status: "admin: startup http:8081/startedz, liveness http:8081/livez, readiness http:8081/readyz" + quick,
			then:   afterItsStart((*probed).hasHeldBackTheOthers, (*probed).leavesRotationWithoutARestart, (*probed).isRestarted),
		},
	}
}

// commandCases are the handlers that only an admin can give: see sharedValues.
func commandCases() []handlerCase {
	return []handlerCase{
		{
			name:   "exec",
			pod:    handlerPod(keys("", words{"profile": "target-file", "unready-after": "25s"}), target()),
			status: "web: startup+liveness exec, readiness exec" + patient,
			then:   everything(),
		},
		{
			name:      "exec, frozen",
			pod:       handlerPod(keys("", words{"profile": "target-command", "unready-after": "25s"}), target()),
			status:    "web: startup+liveness exec, readiness exec" + patient,
			then:      afterItsStart((*probed).isRestartedWhenFrozen),
			onTheNode: true,
		},
	}
}

// silenceCases are containers that no longer answer, in ways that a handler finds and one that it does not.
func silenceCases() []handlerCase {
	http := keys("", words{"liveness": "/livez", "readiness": "/readyz"})
	grpc := keys("", words{"liveness": "grpc:9000/liveness", "readiness": "grpc:9000/readiness"})
	tcp := keys("", words{"liveness": "tcp:7000", "readiness": "tcp:7000"})
	return []handlerCase{
		{
			name:   "tcp",
			pod:    handlerPod(tcp, target("--ready-after=0s")),
			status: "web: startup+liveness tcp:7000, readiness tcp:7000" + quick,
			then:   afterItsStart((*probed).isRestartedWhenItsPortCloses),
		},
		{
			name:      "tcp, frozen",
			pod:       handlerPod(tcp, target("--ready-after=0s")),
			status:    "web: startup+liveness tcp:7000, readiness tcp:7000" + quick,
			then:      afterItsStart((*probed).isNotSeenWhenFrozen),
			onTheNode: true,
		},
		{
			name:   "http, hanging",
			pod:    handlerPod(http, target()),
			status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz" + quick,
			then:   afterItsStart((*probed).isRestartedWhenItHangs),
		},
		{
			name:      "http, frozen",
			pod:       handlerPod(http, target()),
			status:    "web: startup+liveness http:8080/livez, readiness http:8080/readyz" + quick,
			then:      afterItsStart((*probed).isRestartedWhenFrozen),
			onTheNode: true,
		},
		{
			name:      "grpc, frozen",
			pod:       handlerPod(grpc, target()),
			status:    "web: startup+liveness grpc:9000/liveness, readiness grpc:9000/readiness" + quick,
			then:      afterItsStart((*probed).isRestartedWhenFrozen),
			onTheNode: true,
		},
	}
}

// startCases are slow starts.
func startCases() []handlerCase {
	http := words{"liveness": "/livez", "readiness": "/readyz"}
	unguarded := words{"liveness": "/livez", "readiness": "/readyz", "startup": "false"}
	return []handlerCase{
		{
			name:   "a start that takes longer than a hang may",
			pod:    handlerPod(keys("", http), target("--start-after=26s")),
			status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz" + quick,
			then:   afterItsStart(),
		},
		{
			name:   "a start that takes longer than a hang may, without a startup probe",
			pod:    handlerPod(keys("", unguarded), target("--start-after=26s")),
			status: "web: liveness http:8080/livez, readiness http:8080/readyz" + late,
			then:   afterItsStart(),
		},
		{
			name:   "a start that never ends",
			pod:    handlerPod(keys("", http), target("--start-after=1h")),
			status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz" + quick,
			then:   []step{(*probed).isRestartedThoughItNeverStarted},
		},
		{
			name:   "a start that never ends, without a startup probe",
			pod:    handlerPod(keys("", unguarded), target("--start-after=1h")),
			status: "web: liveness http:8080/livez, readiness http:8080/readyz" + late,
			then:   []step{(*probed).isRestartedThoughItNeverStarted},
		},
	}
}
