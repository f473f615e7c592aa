// Command floor is the least that a mutating webhook in Go can do, and what ours is measured against: net/http, the
// body read, nothing but the uid decoded, and a constant patch in the answer.
package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// run serves until it is killed.
func run(args []string) error {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	address := flags.String("address", "", "where to listen, `HOST:PORT`")
	certificates := flags.String("cert-dir", "", "the `FOLDER` of tls.crt and tls.key")
	patchFile := flags.String("patch", "", "the `FILE` with the JSON patch that every answer holds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	patch, err := os.ReadFile(*patchFile)
	if err != nil {
		return fmt.Errorf("reading the patch: %w", err)
	}
	handler, err := newHandler(patch)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:    *address,
		Handler: handler,
		// As our own server's.
		TLSConfig: &tls.Config{
			MinVersion:             tls.VersionTLS13,
			NextProtos:             []string{"http/1.1"},
			SessionTicketsDisabled: true,
		},
	}
	return server.ListenAndServeTLS(filepath.Join(*certificates, "tls.crt"), filepath.Join(*certificates, "tls.key"))
}

// handler answers every review with the same patch.
type handler struct {
	// afterUID is the answer from the uid's end on.
	afterUID []byte
}

const beforeUID = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":`

func newHandler(patch []byte) (*handler, error) {
	// Bytes are encoded as base64, which is what the field is.
	encoded, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("encoding the patch: %w", err)
	}
	return &handler{afterUID: fmt.Appendf(nil, `,"allowed":true,"patch":%s,"patchType":"JSONPatch"}}`, encoded)}, nil
}

// ServeHTTP answers one review.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	uid, err := uidOf(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := make([]byte, 0, len(beforeUID)+len(uid)+2+len(h.afterUID))
	answer = append(answer, beforeUID...)
	answer = strconv.AppendQuote(answer, uid)
	answer = append(answer, h.afterUID...)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer)
}

// uidOf reads a review to its end and returns its uid, without which the API server takes no answer.
func uidOf(body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	var review struct {
		Request struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err := json.Unmarshal(content, &review); err != nil {
		return "", err
	}
	if review.Request.UID == "" {
		return "", errors.New("the review has no uid")
	}
	return review.Request.UID, nil
}
