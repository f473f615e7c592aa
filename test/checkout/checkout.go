// Package checkout finds the root of the checkout that a test runs in.
package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Root returns the folder of the go.mod of the project's main module. It looks upwards from the working directory,
// which go test sets to the folder of the package, and passes the modules that are nested in the checkout.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the checkout: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		switch {
		case err == nil && isMainModule(content):
			return dir, nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", fmt.Errorf("finding the checkout: %w", err)
		case dir == filepath.Dir(dir):
			return "", fmt.Errorf("no go.mod of the main module in %s or above it", start)
		}
	}
}

// isMainModule tells the go.mod of the main module from those of the modules below it.
func isMainModule(gomod []byte) bool {
	for line := range bytes.Lines(gomod) {
		if bytes.Equal(bytes.TrimSpace(line), []byte("module github.com/probe-injector/probe-injector")) {
			return true
		}
	}
	return false
}
