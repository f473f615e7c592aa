package webhook

import (
	"mime"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/probe-injector/probe-injector/policy"
)

// The paths that the webhook configuration calls.
const (
	// PathPrefix is the subtree in which all paths of this package are.
	PathPrefix = "/mutate/"
	// PathAnnotated gets the Pods that carry an annotation of ours.
	PathAnnotated = PathPrefix + "annotated"
	// PathRules, followed by the name of a group of rules, gets the Pods that carry none.
	PathRules = PathPrefix + "rules/"
)

// route is one of the ways into the policy. The zero value is a path that is none of them.
type route struct {
	label routeLabel
	group string
}

// routeLabel is a route as metrics and logs name it: the group's name is not part of it, because anyone who reaches our
// port can write any name into a path.
type routeLabel string

const (
	routeNone      routeLabel = ""
	routeAnnotated routeLabel = "annotated"
	routeRules     routeLabel = "rules"
)

func (d route) policyRoute() policy.Route { return policy.Route{Group: d.group} }

// routeOf reads the path of a request. Whether the policy knows the group is the policy's answer to give: the
// configuration that names a group can be a minute ahead of the policy file that defines it.
func routeOf(path string) (route, bool) {
	if path == PathAnnotated {
		return route{label: routeAnnotated}, true
	}
	if path == PathPreflight {
		return route{label: routePreflight}, true
	}
	if group, ok := strings.CutPrefix(path, PathRules); ok && len(validation.IsDNS1123Label(group)) == 0 {
		return route{label: routeRules, group: group}, true
	}
	return route{}, false
}

// isJSON reports whether a Content-Type is that of a review. The API server sends it without parameters.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/json"
}
