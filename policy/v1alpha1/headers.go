package v1alpha1

import (
	"net/textproto"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Limits of headers. A header is written into every Pod that gets the probe.
const (
	MaxHTTPHeaders     = 16
	maxHeaderValueSize = 1024
)

// otherHeaders are those that a profile must not write, with what to write instead or why. Their names are canonical.
var otherHeaders = map[string]string{
	"Host": "write hostHeader of the profile, which host-header of a Pod replaces",
	// Whoever may read Pods reads their probes.
	"Authorization":       "a credential would be readable in every Pod: let the endpoint answer without one",
	"Proxy-Authorization": "a credential would be readable in every Pod: let the endpoint answer without one",
	"Cookie":              "a credential would be readable in every Pod: let the endpoint answer without one",
	// net/http writes these itself and drops what is set (net/http: reqWriteExcludeHeader).
	"Content-Length":    "the kubelet's client writes it itself",
	"Transfer-Encoding": "the kubelet's client writes it itself",
	"Trailer":           "the kubelet's client writes it itself",
}

// validateHeaders accepts headers that reach the application as they are written.
func validateHeaders(headers []corev1.HTTPHeader, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(headers) > MaxHTTPHeaders {
		errs = append(errs, field.TooMany(path, len(headers), MaxHTTPHeaders))
	}
	seen := map[string]bool{}
	for i := range headers {
		name, value, path := headers[i].Name, headers[i].Value, path.Index(i)
		errs = append(errs, invalid(path.Child("name"), name, validation.IsHTTPHeaderName(name))...)
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if why, other := otherHeaders[canonical]; other {
			errs = append(errs, field.Forbidden(path.Child("name"), name+": "+why))
		}
		if seen[canonical] {
			errs = append(errs, field.Duplicate(path.Child("name"), name))
		}
		seen[canonical] = true
		switch {
		case len(value) > maxHeaderValueSize:
			errs = append(errs, field.TooLong(path.Child("value"), "", maxHeaderValueSize))
		case strings.Trim(value, " ") != value || strings.ContainsFunc(value, isNotPrinted):
			errs = append(errs, field.Invalid(path.Child("value"), value, "must be printable ASCII without a blank at its ends"))
		}
	}
	return errs
}

func isNotPrinted(r rune) bool { return r < ' ' || r > '~' }
