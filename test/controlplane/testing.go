package controlplane

import (
	"testing"
)

// ForTest starts a control plane that lives as long as the test. It ends the test if that fails.
//
// A test that has to build the programs first takes several minutes, once; "go -C test run ./binaries/build" does it
// beforehand.
func ForTest(t testing.TB, options Options) *ControlPlane {
	t.Helper()
	plane, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of kube-apiserver's log:\n%s", plane.LogTail("kube-apiserver", 30))
		}
		if err := plane.Stop(); err != nil {
			t.Errorf("stopping the control plane: %v", err)
		}
	})
	return plane
}
