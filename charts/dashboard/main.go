// Command dashboard writes the chart's dashboard for Grafana, charts/probe-injector/dashboards/probe-injector.json, with the
// types and builders that Grafana generates from its own schema.
//
//	go -C charts/dashboard run .          writes the file
//	go -C charts/dashboard run . -check   fails if it is out of date
//
//	main.go     the file
//	board.go    the dashboard around the panels: variables, rows, times
//	panels.go   the panels, as a table: what each asks and how it is shown
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
)

// path is the file, from the folder of this module.
const path = "../probe-injector/dashboards/probe-injector.json"

func main() {
	check := flag.Bool("check", false, "write nothing, fail if the dashboard is out of date")
	flag.Parse()
	if err := run(path, *check); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

func run(path string, check bool) error {
	content, err := render()
	if err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading what is there: %w", err)
	}
	switch {
	case bytes.Equal(old, content):
		return nil
	case check:
		return errors.New("out of date: charts/probe-injector/dashboards/probe-injector.json; run go -C charts/dashboard run . to write it")
	}
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // a file of the chart is for everybody
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

// render is the dashboard as the file has it.
func render() ([]byte, error) {
	board, err := build()
	if err != nil {
		return nil, fmt.Errorf("building: %w", err)
	}
	content, err := json.MarshalIndent(board, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	return append(content, '\n'), nil
}
