// Package constant is the least that a webhook's handler can do: it reads the body, decodes nothing but the uid, and
// answers a constant patch, or without one that the request is allowed.
package constant

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

// Handler answers every review with the same patch.
type Handler struct {
	// afterUID is the answer from the uid's end on.
	afterUID []byte
}

const beforeUID = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":`

// NewHandler returns a handler with the JSON patch that is in a file. An empty one is no patch: the answer only allows.
func NewHandler(patchFile string) (*Handler, error) {
	patch, err := os.ReadFile(patchFile)
	if err != nil {
		return nil, fmt.Errorf("reading the patch: %w", err)
	}
	if len(patch) == 0 {
		return &Handler{afterUID: []byte(`,"allowed":true}}`)}, nil
	}
	// Bytes are encoded as base64, which is what the field is.
	encoded, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("encoding the patch: %w", err)
	}
	return &Handler{afterUID: fmt.Appendf(nil, `,"allowed":true,"patch":%s,"patchType":"JSONPatch"}}`, encoded)}, nil
}

// ServeHTTP answers one review.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
