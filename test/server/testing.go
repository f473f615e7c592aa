package server

import "testing"

// ForTest starts a webhook that lives as long as the test. It ends the test if that fails. The end of the server's log
// is shown if the test fails.
func ForTest(t testing.TB, options Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the webhook's log:\n%s", server.process.LogTail(30))
		}
		if err := server.Stop(); err != nil {
			t.Errorf("stopping the webhook: %v", err)
		}
	})
	return server
}
