package v1alpha1

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DockerHub is the registry of an image that names none.
const DockerHub = "docker.io"

// IsDockerHub reports whether a registry is Docker Hub, under any of the names by which it is reached: index.docker.io is
// that of old clients (https://github.com/distribution/reference: splitDockerDomain), the others are its API.
func IsDockerHub(registry string) bool {
	switch registry {
	case DockerHub, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return true
	}
	return false
}

// IsRegistry tells a registry from the first segment of a repository on Docker Hub, as all clients do
// (https://github.com/distribution/reference: splitDockerDomain).
func IsRegistry(segment string) bool {
	return strings.ContainsAny(segment, ".:") || segment == "localhost"
}

// repositoryName is the grammar of a registry with an optional path (https://github.com/distribution/reference: regexp.go).
var repositoryName = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)

// validateRepository accepts a registry with an optional path, as images are written.
func validateRepository(path *field.Path, repository string) field.ErrorList {
	if !repositoryName.MatchString(repository) {
		return field.ErrorList{field.Invalid(path, repository, "a registry with an optional path in lower case, such as harbor.corp/dockerhub; no scheme, no tag")}
	}
	if registry, _, _ := strings.Cut(repository, "/"); !IsRegistry(registry) {
		return field.ErrorList{field.Invalid(path, repository, fmt.Sprintf("begin with the registry: %s/%s", DockerHub, repository))}
	}
	return nil
}

// validatePublisher accepts what images can lie below.
func validatePublisher(path *field.Path, publisher string) field.ErrorList {
	if errs := validateRepository(path, publisher); len(errs) > 0 {
		return errs
	}
	registry, rest, _ := strings.Cut(publisher, "/")
	owner, image, isImage := strings.Cut(rest, "/")
	switch {
	case !IsDockerHub(registry):
		return nil
	case registry != DockerHub:
		return field.ErrorList{field.Invalid(path, publisher, "this is Docker Hub: write "+strings.TrimSuffix(DockerHub+"/"+rest, "/"))}
	case isImage:
		return field.ErrorList{field.Invalid(path, publisher, fmt.Sprintf("a publisher on Docker Hub is %s/%s; %s belongs to images", DockerHub, owner, image))}
	}
	return nil
}

// validateMirrors finds mirrors that are none, and publishers that images never have because a mirror hides them.
func validateMirrors(spec *ProbePolicySpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	mirrors := path.Child("imageMirrors")
	for i, mirror := range spec.ImageMirrors {
		errs = append(errs, validateRepository(mirrors.Index(i), mirror)...)
		if slices.Contains(spec.ImageMirrors[:i], mirror) {
			errs = append(errs, field.Duplicate(mirrors.Index(i), mirror))
		}
	}
	for i := range spec.Profiles {
		for j := range spec.Profiles[i].Detect {
			publishers := path.Child("profiles").Index(i).Child("detect").Index(j).Child("publishers")
			for k, publisher := range spec.Profiles[i].Detect[j].Publishers {
				if mirror := MirrorOf(publisher+"/", spec.ImageMirrors); mirror != "" {
					original := strings.TrimSuffix(DockerHub+strings.TrimPrefix(publisher, mirror), "/")
					errs = append(errs, field.Invalid(publishers.Index(k), publisher, "imageMirrors make this "+original+": write that"))
				}
			}
		}
	}
	return errs
}

// MirrorOf is the longest mirror that a repository lies below; empty when there is none.
func MirrorOf(repository string, mirrors []string) string {
	longest := ""
	for _, mirror := range mirrors {
		if len(mirror) > len(longest) && strings.HasPrefix(repository, mirror) && strings.HasPrefix(repository[len(mirror):], "/") {
			longest = mirror
		}
	}
	return longest
}
