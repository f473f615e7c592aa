package integration

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// object is JSON of any kind.
type object = map[string]any

// expectOnlyOurs holds a Pod that we saw against the same Pod in a namespace that we do not see. Apart from what
// makes them two Pods, nothing may differ but the probes that were absent, and our status.
func expectOnlyOurs(t *testing.T, without, with *created) {
	t.Helper()
	theirs, ours := decoded(t, without.raw), decoded(t, with.raw)
	for _, pod := range []object{theirs, ours} {
		metadata := member(pod, "metadata")
		for _, identity := range []string{"name", "namespace", "uid", "creationTimestamp", "resourceVersion", "managedFields"} {
			delete(metadata, identity)
		}
	}
	annotations := member(member(ours, "metadata"), "annotations")
	delete(annotations, status)
	for _, list := range []string{"initContainers", "containers"} {
		before, _ := member(theirs, "spec")[list].([]any)
		after, _ := member(ours, "spec")[list].([]any)
		for n := range min(len(before), len(after)) {
			removeAdded(before[n], after[n])
		}
	}
	// Large Pods take cmp seconds.
	if !reflect.DeepEqual(theirs, ours) {
		t.Errorf("more than our paths differs, without - with +:\n%s", cmp.Diff(theirs, ours))
	}
}

// removeAdded removes the probes from one container that another has not.
func removeAdded(before, after any) {
	old, _ := before.(object)
	added, _ := after.(object)
	for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		if _, there := old[probe]; !there {
			delete(added, probe)
		}
	}
}

// member is a member that is an object; an empty one if there is none.
func member(of object, name string) object {
	found, ok := of[name].(object)
	if !ok {
		return object{}
	}
	return found
}

func decoded(t *testing.T, raw []byte) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	return o
}
