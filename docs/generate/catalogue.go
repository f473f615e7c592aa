package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/policy/catalogue"
)

// readCatalogue reads what people write, so that no page waits for the built-in form of it.
func readCatalogue(root string) (*catalogue.Catalogue, error) {
	text, err := os.ReadFile(filepath.Join(root, "policy", "catalogue", "catalogue.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	c, err := catalogue.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("catalogue.yaml: %w", err)
	}
	return c, nil
}

// catalogueFile is the catalogue in the form that is built into the programs.
func catalogueFile(root string) (string, error) {
	c, err := readCatalogue(root)
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(c, "", " ")
	return string(text) + "\n", err
}
