package policy

import (
	"maps"
	"slices"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// InjectedLabel is the label of Pods that got a probe, where the chart's injectedLabel asks for it.
const InjectedLabel = annotation.Domain + "/injected"

// componentLabel is the label by which the chart's Service and its webhook configurations tell the webhook's own Pods.
const componentLabel = annotation.Domain + "/component"

// ReadsLabel reports whether a label of a Pod is no mistake, although it looks like a key of ours.
func ReadsLabel(key string) bool { return key == InjectedLabel || key == componentLabel }

// labelsInVain are keys among a Pod's labels that mean something only as annotations. The label probe-injector.dev/inject is
// left out: the chart's webhook.requireLabel selects Pods by it.
func labelsInVain(labels map[string]string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if annotation.Asks(key) && key != InjectLabel && !ReadsLabel(key) {
			keys = append(keys, key)
		}
	}
	return keys
}
