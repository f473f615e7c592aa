package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnImageIsTakenApart(t *testing.T) {
	mirrors := []string{"harbor.corp.example/dockerhub", "registry.corp.example:5000/mirror"}
	for reference, want := range map[string]Image{
		"postgres":                             {"docker.io/library/postgres", "", "postgres", "library/postgres"},
		"postgres:16.4":                        {"docker.io/library/postgres", "16.4", "postgres", "library/postgres"},
		"docker.io/postgres:16":                {"docker.io/library/postgres", "16", "postgres", "library/postgres"},
		"index.docker.io/library/postgres":     {"docker.io/library/postgres", "", "postgres", "library/postgres"},
		"bitnami/postgresql":                   {"docker.io/bitnami/postgresql", "", "postgresql", "bitnami/postgresql"},
		"localhost/shop":                       {"localhost/shop", "", "shop", "localhost/shop"},
		"localhost:5000/shop":                  {"localhost:5000/shop", "", "shop", "localhost:5000/shop"},
		"registry.example:5000/a/b/shop":       {"registry.example:5000/a/b/shop", "", "shop", "b/shop"},
		"registry.example:5000/a/b/shop:1":     {"registry.example:5000/a/b/shop", "1", "shop", "b/shop"},
		"registry.example/shop:1@sha256:00":    {"registry.example/shop", "1", "shop", "registry.example/shop"},
		"shop@sha256:00":                       {"docker.io/library/shop", "", "shop", "library/shop"},
		"harbor.corp.example/dockerhub/nginx":  {"docker.io/library/nginx", "", "nginx", "library/nginx"},
		"harbor.corp.example/dockerhub/a/b:1":  {"docker.io/a/b", "1", "b", "a/b"},
		"harbor.corp.example/dockerhub2/nginx": {"harbor.corp.example/dockerhub2/nginx", "", "nginx", "dockerhub2/nginx"},
		"registry.corp.example:5000/mirror/x":  {"docker.io/library/x", "", "x", "library/x"},
		"":                                     {"docker.io/library/", "", "", "library/"},
		"/":                                    {"docker.io//", "", "", "/"},
		"nginx:":                               {"docker.io/library/nginx", "", "nginx", "library/nginx"},
	} {
		got := ParseImage(reference, mirrors)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Image{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", reference, diff)
		}
	}
}

func TestTheLongestMirrorCounts(t *testing.T) {
	mirrors := []string{"harbor.corp", "harbor.corp/hub", "harbor.corp/hubble", "harbor.corp/hub/cache"}
	for reference, want := range map[string]string{
		"harbor.corp/hub/bitnami/redis:7":       "docker.io/bitnami/redis",
		"harbor.corp/hub/redis":                 "docker.io/library/redis",
		"harbor.corp/hub/cache/bitnami/redis":   "docker.io/bitnami/redis",
		"harbor.corp/other/redis":               "docker.io/other/redis",
		"harbor.corp/hubble/redis":              "docker.io/library/redis",
		"harbor.corp.example/hub/bitnami/redis": "harbor.corp.example/hub/bitnami/redis",
	} {
		for range mirrors {
			mirrors = append(mirrors[1:], mirrors[0])
			if got := ParseImage(reference, mirrors).repository; got != want {
				t.Errorf("%s with %v: %s, want %s", reference, mirrors, got, want)
			}
		}
	}
}

func TestDockerHubHasSeveralNames(t *testing.T) {
	for _, registry := range []string{"", "docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/"} {
		for name, want := range map[string]string{"redis": "docker.io/library/redis", "library/redis": "docker.io/library/redis", "bitnami/redis:7": "docker.io/bitnami/redis"} {
			if got := ParseImage(registry+name, nil).repository; got != want {
				t.Errorf("%s%s is %s, want %s", registry, name, got, want)
			}
		}
	}
	if got := ParseImage("hub.docker.com.example/redis", nil).repository; got != "hub.docker.com.example/redis" {
		t.Errorf("another registry is read as %s", got)
	}
}

func TestAPatternFitsTheLastSegmentOrTheLastTwo(t *testing.T) {
	for name, row := range map[string]struct {
		pattern, image string
		want           bool
	}{
		"the same name":                   {"postgres", "registry.example/a/postgres:16", true},
		"a name that begins like it":      {"postgres", "postgres-exporter", false},
		"two segments":                    {"ingress-nginx/controller", "registry.k8s.io/ingress-nginx/controller:v1", true},
		"two segments of another":         {"ingress-nginx/controller", "registry.k8s.io/controller", false},
		"a name of one segment above":     {"bitnami", "bitnami/redis", false},
		"library of an official image":    {"library/redis", "redis", true},
		"a star at the end":               {"postgres*", "postgres-exporter", true},
		"a star at the end of nothing":    {"postgres*", "postgres", true},
		"a star at the beginning":         {"*-postgres", "my-postgres", true},
		"a star at the beginning, beside": {"*-postgres", "my-postgres-2", false},
		"stars at both ends":              {"*gres*", "postgres-exporter", true},
		"stars that cover two segments":   {"bitnami/*", "bitnami/redis", true},
		"a star within two segments":      {"bitnami*/redis", "bitnamilegacy/redis", true},
		"a star of one segment only":      {"bitnami*/redis", "bitnamilegacy/a/redis", false},
		"another case":                    {"Postgres", "postgres", false},
		"nothing":                         {"", "postgres", false},
	} {
		t.Run(name, func(t *testing.T) {
			img := ParseImage(row.image, nil)
			if got := img.IsNamed([]string{"other", row.pattern}); got != row.want {
				t.Errorf("IsNamed(%s) of %s is %v", row.pattern, row.image, got)
			}
		})
	}
	if img := ParseImage("postgres", nil); img.IsNamed(nil) {
		t.Error("no pattern fits")
	}
}

func TestAnImageLiesBelowItsPublisher(t *testing.T) {
	for publisher, want := range map[string]bool{
		"docker.io/bitnami": true, "docker.io": true, "docker.io/bit": false, "bitnami": false, "docker.io/bitnami/redis": false,
	} {
		img := ParseImage("bitnami/redis", nil)
		if got := img.isBelow([]string{"quay.io", publisher}); got != want {
			t.Errorf("below %s: %v", publisher, got)
		}
	}
}
