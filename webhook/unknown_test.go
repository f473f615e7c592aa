package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/randfill"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

const generatedPods = 10_000

// A Pod of any future version passes through: every member at every level that we do not know is what it was, and
// nothing but our own paths is there in addition. A second pass adds nothing.
func TestNothingElseChangesInTenThousandPodsWithUnknownFields(t *testing.T) {
	h := quiet(t, policy.Default("test"))
	r := rand.New(rand.NewPCG(5, 6))
	filler := randfill.NewWithSeed(7).NilChance(.6).NumElements(1, 2).MaxDepth(8)
	patched := 0
	for i := range generatedPods {
		object := generatedPod(t, r, filler)
		path := webhook.PathAnnotated
		review := []byte(fmt.Sprintf(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u%d",`+
			`"kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},`+
			`"operation":"CREATE","namespace":"shop","object":%s}}`, i, object))
		w := post(t, h, path, review)
		if w.Code != http.StatusOK {
			t.Fatalf("Pod %d: %d %s\n%s", i, w.Code, w.Body, object)
		}
		patch := response(t, w).Patch
		if patch == nil {
			continue
		}
		patched++
		after := apply(t, object, patch)
		expectOnlyOurPaths(t, object, after, patch)
		again := post(t, h, path, bytes.Replace(review, object, after, 1))
		if second := response(t, again).Patch; second != nil {
			t.Fatalf("Pod %d: the second pass adds %s", i, second)
		}
		if t.Failed() {
			t.Fatalf("Pod %d: %s", i, object)
		}
	}
	if patched < generatedPods*2/3 {
		t.Errorf("only %d of %d Pods were patched: the property is hardly tested", patched, generatedPods)
	}
}

// generatedPod is a Pod with random values in any field of this version and unknown members at every level.
func generatedPod(t *testing.T, r *rand.Rand, filler *randfill.Filler) []byte {
	t.Helper()
	var pod corev1.Pod
	filler.Fill(&pod)
	// Its bytes must be JSON, which random ones are not.
	pod.ManagedFields = nil
	pod.Spec.RestartPolicy = corev1.RestartPolicyAlways
	pod.Spec.HostNetwork = r.IntN(10) == 0
	pod.Annotations = map[string]string{"example.com/a": "b"}
	for i := range pod.Spec.Containers {
		pod.Spec.Containers[i].Name = fmt.Sprintf("c%d", i)
		pod.Spec.Containers[i].RestartPolicy = nil
		pod.Spec.Containers[i].Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: int32(8080 + i)}}
	}
	if len(pod.Spec.Containers) == 0 {
		pod.Spec.Containers = []corev1.Container{{Name: "c0", Ports: []corev1.ContainerPort{{ContainerPort: 80}}}}
	}
	for _, each := range []struct{ key, value string }{
		{"inject", "true"}, {"liveness", "/l~1/x"}, {"readiness", "tcp:8080"}, {"startup", "false"}, {"startup-budget", "2m"}, {"livenes", "x"},
	} {
		if r.IntN(2) == 0 {
			pod.Annotations["c0.probe-injector.dev/"+each.key] = each.value
		}
	}
	encoded, err := json.Marshal(&pod)
	if err != nil {
		t.Fatal(err)
	}
	tree := decodeTree(t, encoded)
	addUnknown(r, tree)
	encoded, err = json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func decodeTree(t *testing.T, data []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// stringMaps are members whose values are strings by their type: an unknown member there would be no Pod.
const stringMaps = " annotations labels nodeSelector limits requests matchLabels data "

// addUnknown adds members that no version knows to every object of the tree.
func addUnknown(r *rand.Rand, tree any) {
	switch node := tree.(type) {
	case map[string]any:
		for name, child := range node {
			if !strings.Contains(stringMaps, " "+name+" ") {
				addUnknown(r, child)
			}
		}
		node[fmt.Sprintf("zz%d", r.IntN(100))] = map[string]any{"a~b/c": []any{json.Number("1e400"), nil, "\u2028"}}
		node["UPPER"] = json.Number("12345678901234567890123")
	case []any:
		for _, child := range node {
			addUnknown(r, child)
		}
	}
}

// expectOnlyOurPaths takes what the patch added away again and compares the rest.
func expectOnlyOurPaths(t *testing.T, before, after, patch []byte) {
	t.Helper()
	var operations []struct{ Op, Path string }
	if err := json.Unmarshal(patch, &operations); err != nil {
		t.Fatal(err)
	}
	tree := decodeTree(t, after)
	for _, operation := range operations {
		if operation.Op != "add" {
			t.Errorf("operation %q", operation.Op)
		}
		remove(tree, strings.Split(operation.Path, "/")[1:])
	}
	if !reflect.DeepEqual(tree, decodeTree(t, before)) {
		t.Errorf("something else changed")
	}
}

// remove deletes the member that a JSON pointer names.
func remove(tree any, tokens []string) {
	token := strings.ReplaceAll(strings.ReplaceAll(tokens[0], "~1", "/"), "~0", "~")
	switch node := tree.(type) {
	case map[string]any:
		if len(tokens) == 1 {
			delete(node, token)
			return
		}
		remove(node[token], tokens[1:])
	case []any:
		var i int
		if _, err := fmt.Sscanf(token, "%d", &i); err == nil && i < len(node) {
			remove(node[i], tokens[1:])
		}
	}
}
