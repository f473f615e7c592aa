package main

import "testing"

func TestAPatchInCEL(t *testing.T) {
	got, err := celOfPatch([]byte(`[
		{"op": "add", "path": "/spec/containers/0/livenessProbe", "value": {"periodSeconds": 10, "httpGet": {"path": "/a\"b", "port": 8080}}},
		{"op": "add", "path": "/metadata/annotations/a~1b", "value": "c"}
	]`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[JSONPatch{op: "add", path: "/spec/containers/0/livenessProbe", value: ` +
		`{"httpGet": dyn({"path": dyn("/a\"b"), "port": dyn(8080)}), "periodSeconds": dyn(10)}}, ` +
		`JSONPatch{op: "add", path: "/metadata/annotations/a~1b", value: "c"}]`
	if got != want {
		t.Errorf("got %s", got)
	}
	for _, patch := range []string{`{`, `[{"op": "remove", "path": "/spec"}]`, `[{"op": "add", "path": "/spec", "value": [1]}]`} {
		if got, err := celOfPatch([]byte(patch)); err == nil {
			t.Errorf("%s becomes %s", patch, got)
		}
	}
}
