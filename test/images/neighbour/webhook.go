package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	// webhookAddress is where the webhook listens.
	webhookAddress = ":8443"
	// maxReview bounds what is read of a review: more than the API server lets through.
	maxReview = 8 << 20
)

// serveWebhook answers reviews of Pods: POST /<name of a change>. GET /ready says that it does.
func serveWebhook(ctx context.Context, certificates, changes string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /{change}", func(response http.ResponseWriter, request *http.Request) {
		if err := answer(changes, response, request); err != nil {
			log.Print(err)
			http.Error(response, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Addr: webhookAddress, Handler: mux, ReadHeaderTimeout: time.Second}
	return serve(ctx, server, filepath.Join(certificates, "tls.crt"), filepath.Join(certificates, "tls.key"))
}

// answer answers one review. An error is no answer, so the failurePolicy decides.
func answer(folder string, response http.ResponseWriter, request *http.Request) error {
	name := filepath.Base(request.PathValue("change"))
	todo, err := readChange(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(io.LimitReader(request.Body, maxReview)).Decode(&review); err != nil {
		return fmt.Errorf("reading a review: %w", err)
	}
	if review.Request == nil {
		return errors.New("reading a review: it has no request")
	}
	patch, err := todo.review(name, review.Request)
	if err != nil {
		return err
	}
	response.Header().Set("Content-Type", "application/json")
	patchType := admissionv1.PatchTypeJSONPatch
	return json.NewEncoder(response).Encode(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true, Patch: patch, PatchType: &patchType},
	})
}

// review is the patch for the Pod of a request, encoded.
func (c change) review(name string, request *admissionv1.AdmissionRequest) ([]byte, error) {
	var pod corev1.Pod
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return nil, fmt.Errorf("reading a Pod: %w", err)
	}
	operations, err := c.patch(name, &pod)
	if err != nil {
		return nil, err
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return nil, fmt.Errorf("encoding a patch: %w", err)
	}
	return patch, nil
}

func readChange(path string) (change, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return change{}, fmt.Errorf("reading a change: %w", err)
	}
	var read change
	if err := yaml.UnmarshalStrict(content, &read); err != nil {
		return change{}, fmt.Errorf("reading the change %s: %w", filepath.Base(path), err)
	}
	return read, nil
}
