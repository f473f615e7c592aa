// Command typed is the webhook that most projects would write, for comparison with ours: controller-runtime's
// admission.Webhook, the Pod decoded into its Go type, changed there, encoded again and compared with what came, so
// that the differences are the patch.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/serving"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "typed:", err)
		os.Exit(1)
	}
}

// run serves until it is killed.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("typed", flag.ContinueOnError)
	address := flags.String("address", "", "where to listen, `HOST:PORT`")
	certificates := flags.String("cert-dir", "", "the `FOLDER` of tls.crt and tls.key")
	changesFile := flags.String("changes", "", "the `FILE` that says what to add to a Pod, JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctrllog.SetLogger(logr.Discard())
	handler, err := newHandler(*changesFile)
	if err != nil {
		return err
	}
	server, err := serving.NewServer(*address, *certificates)
	if err != nil {
		return err
	}
	server.Register(sample.Path, &webhook.Admission{Handler: handler})
	return server.Start(ctx)
}

// handler adds the same to every Pod.
type handler struct {
	decoder admission.Decoder
	changes sample.Changes
}

func newHandler(changesFile string) (*handler, error) {
	content, err := os.ReadFile(changesFile)
	if err != nil {
		return nil, fmt.Errorf("reading the changes: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("learning the types of Pods: %w", err)
	}
	h := &handler{decoder: admission.NewDecoder(scheme)}
	if err := json.Unmarshal(content, &h.changes); err != nil {
		return nil, fmt.Errorf("decoding the changes: %w", err)
	}
	return h, nil
}

// Handle answers one review.
func (h *handler) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := h.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	h.changes.Apply(pod)
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}
