package v1alpha1

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Seconds is an optional duration in seconds; 0 when it is absent.
func Seconds(d *metav1.Duration) int32 {
	if d == nil {
		return 0
	}
	return int32(d.Duration / time.Second) //nolint:gosec // validated against bounds, which are int32
}

func durationWithin(d *metav1.Duration, path *field.Path, low, high int32) field.ErrorList {
	if d == nil {
		return nil
	}
	if d.Duration%time.Second != 0 {
		return field.ErrorList{field.Invalid(path, d.Duration.String(), "the kubelet counts whole seconds")}
	}
	if d.Duration < time.Duration(low)*time.Second || d.Duration > time.Duration(high)*time.Second {
		return field.ErrorList{field.Invalid(path, d.Duration.String(), between(low, high, "s"))}
	}
	return nil
}

func between(low, high int32, unit string) string {
	return fmt.Sprintf("must be from %d%s to %d%s", low, unit, high, unit)
}
