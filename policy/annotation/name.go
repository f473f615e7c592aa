package annotation

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

func parseProfileName(value string) (string, error) {
	if len(validation.IsDNS1123Label(value)) > 0 {
		return "", mistake("a profile's name has lower-case letters, digits and dashes")
	}
	return value, nil
}

// ParseHost reads the value of a Host header. The API server checks only header names, so everything that could
// break the header or smuggle another is refused here.
func ParseHost(value string) (string, error) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"
	if len(value) > maxNameLength || strings.Trim(value, allowed) != "" {
		return "", mistake("write only the host name, such as shop.example.com")
	}
	return value, nil
}
