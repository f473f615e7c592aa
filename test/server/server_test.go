package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/server"
)

func TestTheWebhookStartsAnswersAndEnds(t *testing.T) {
	webhook := server.ForTest(t, server.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	t.Run("it says that it lives", func(t *testing.T) {
		if err := webhook.Healthy(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("its certificate verifies and a body that is no review is a bad request", func(t *testing.T) {
		response, err := webhook.Client().Post(webhook.URL("/mutate/annotated"), "application/json", strings.NewReader("{"))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("it answers %s", response.Status)
		}
	})
	t.Run("it can be scraped", func(t *testing.T) {
		scrape, err := webhook.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !scrape.Has("go_goroutines") {
			t.Error("it does not even count its goroutines")
		}
	})
	t.Run("it ends by itself after SIGTERM", func(t *testing.T) {
		if err := webhook.Terminate(ctx); err != nil {
			t.Error(err)
		}
	})
}
