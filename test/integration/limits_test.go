package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// annotationsLimit is how large all annotations of an object may be, keys and values together.
	annotationsLimit = 256 << 10
	// requestLimit is how large the body of a request may be.
	requestLimit = 3 << 20
	// storedLimit is how large an object may be that etcd stores, by default; the API server encodes Pods as protobuf.
	storedLimit = 3 << 19
	// granularity is how closely a test finds the largest object, far below the size of a probe.
	granularity = 64
)

// limits creates Pods at the limits of the API server, in a namespace that we see and in one that we do not.
func (i *installed) limits(t *testing.T) {
	inject := map[string]string{"probe-injector.dev/inject": "true"}
	cases := map[string]struct {
		annotations map[string]string
		containers  []corev1.Container
		// probe is one that it must get, or says why it is left alone.
		probe, says string
	}{
		"annotations of exactly 256 KiB, one of them ours": {
			annotations: filled(map[string]string{"probe-injector.dev/liveness": "tcp:80"}, annotationsLimit),
			containers:  manyContainers(1),
			probe:       "c0/liveness",
		},
		"annotations with room for a part of our status": {
			annotations: filled(map[string]string{"probe-injector.dev/liveness": "tcp:80"}, annotationsLimit-len(status)-20),
			containers:  manyContainers(1),
			probe:       "c0/liveness",
		},
		"250 containers": {
			annotations: map[string]string{"c249.probe-injector.dev/readiness": "tcp:80"},
			containers:  manyContainers(250),
			probe:       "c249/readiness",
		},
		"1,000 containers": {
			annotations: map[string]string{"c999.probe-injector.dev/readiness": "tcp:80"},
			containers:  manyContainers(1000),
			says:        "Pods with more than 250 containers are left alone",
		},
		"1,000 containers that could all be meant": {
			annotations: inject,
			containers:  manyContainers(1000),
			says:        "Pods with more than 250 containers are left alone",
		},
		"an argument of 128 KiB, the longest that a program can have": {
			annotations: map[string]string{"probe-injector.dev/readiness": "tcp:80"},
			containers:  argued(strings.Repeat("x", 128<<10)),
			probe:       "c0/readiness",
		},
		"an argument of one mebibyte": {
			annotations: map[string]string{"probe-injector.dev/readiness": "tcp:80"},
			containers:  argued(strings.Repeat("x", 1<<20)),
			says:        "Pods with more than 128 KiB of commands are left alone",
		},
		"5,000 arguments": {
			annotations: map[string]string{"probe-injector.dev/readiness": "tcp:80"},
			containers:  argued(strings.Fields(strings.Repeat("--verbose=1 ", 5_000))...),
			probe:       "c0/readiness",
		},
		"40,000 arguments": {
			annotations: map[string]string{"probe-injector.dev/readiness": "tcp:80"},
			containers:  argued(strings.Fields(strings.Repeat("--verbose=1 ", 40_000))...),
			says:        "Pods with more than 5000 arguments, headers and variables are left alone",
		},
		"annotations that take twice as much in JSON": {
			annotations: filledWith(map[string]string{"probe-injector.dev/readiness": "tcp:80"}, annotationsLimit, `"`),
			containers:  manyContainers(1),
			probe:       "c0/readiness",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			pod := large("limits-", test.annotations, test.containers)
			without, err := i.create(t.Context(), killed, pod)
			if err != nil {
				t.Fatalf("it is refused without us: %v", err)
			}
			with, err := i.create(t.Context(), plain, pod)
			if err != nil {
				t.Fatal(err)
			}
			if got := handlersOf(&with.pod); test.probe != "" && got[test.probe] == "" {
				t.Errorf("it has %v; the warnings are %q", got, with.warnings)
			}
			if got := handlersOf(&with.pod); test.says != "" && (len(got) > 0 || !strings.Contains(strings.Join(with.warnings, "\n"), test.says)) {
				t.Errorf("it is not left alone: it has %v; the warnings are %q", got, with.warnings)
			}
			expectOnlyOurs(t, without, with)
		})
	}
	t.Run("a request of three mebibytes", i.largestRequest)
	t.Run("a Pod as large as the storage takes", i.largestStored)
}

// largestRequest sends the largest bodies that the API server reads. They are too large to be stored, with and without
// us; on dry run they go all the way.
func (i *installed) largestRequest(t *testing.T) {
	pod := func(padding int) []byte {
		containers := argued(strings.Repeat("x", padding))
		// Far more of them, and the API server alone is busy for longer than it waits for us.
		for n := range 3_000 {
			containers[0].Env = append(containers[0].Env, corev1.EnvVar{Name: fmt.Sprintf("VARIABLE_%d", n), Value: strings.Repeat("v", 500)})
		}
		return large("request-", map[string]string{"probe-injector.dev/readiness": "tcp:80"}, containers)
	}
	body := pod(requestLimit - len(pod(0)))
	if len(body) != requestLimit {
		t.Fatalf("the request has %d bytes", len(body))
	}
	without, err := i.try(t.Context(), killed, body)
	if err != nil {
		t.Fatalf("it is refused without us: %v", err)
	}
	with, err := i.try(t.Context(), plain, body)
	if err != nil {
		t.Fatal(err)
	}
	expectOnlyOurs(t, without, with)
	for _, namespace := range []string{killed, plain} {
		if _, err := i.create(t.Context(), namespace, body); err == nil || !strings.Contains(err.Error(), "larger than max") {
			t.Errorf("stored in the namespace %s, it gets: %v", namespace, err)
		}
	}
}

// largestStored finds the largest Pods that can be stored and lets us see them: some have no room for our probes.
func (i *installed) largestStored(t *testing.T) {
	sized := func(size int) []byte {
		return large("stored-", map[string]string{"probe-injector.dev/inject": "true"}, portal(strings.Repeat("x", size)))
	}
	fits, tooLarge := storedLimit-4096, storedLimit
	for fits+granularity < tooLarge {
		half := (fits + tooLarge) / 2
		if _, err := i.create(t.Context(), killed, sized(half)); err != nil {
			tooLarge = half
		} else {
			fits = half
		}
	}
	for room := 0; room < 2000; room += 400 {
		if _, err := i.create(t.Context(), plain, sized(fits-room)); err != nil {
			t.Errorf("with room for %d bytes it is refused because of us: %v", room, err)
		}
	}
}

// large is a Pod of many parts, JSON. Its name begins with a prefix.
func large(prefix string, annotations map[string]string, containers []corev1.Container) []byte {
	encoded, err := json.Marshal(corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{GenerateName: prefix, Annotations: annotations},
		Spec:       corev1.PodSpec{Containers: containers, AutomountServiceAccountToken: new(false)},
	})
	if err != nil {
		// A Pod of strings always encodes.
		panic(err)
	}
	return encoded
}

// filled adds an annotation of others to some, so that all have the given size.
func filled(annotations map[string]string, size int) map[string]string {
	return filledWith(annotations, size, "v")
}

// filledWith is filled with a character of one byte.
func filledWith(annotations map[string]string, size int, character string) map[string]string {
	const key = "example.com/large"
	for key, value := range annotations {
		size -= len(key) + len(value)
	}
	annotations[key] = strings.Repeat(character, size-len(key))
	return annotations
}

// argued is one container with arguments.
func argued(args ...string) []corev1.Container {
	containers := manyContainers(1)
	containers[0].Args = args
	return containers
}

// portal is one container with a port and an argument.
func portal(arg string) []corev1.Container {
	containers := argued(arg)
	containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80}}
	return containers
}
