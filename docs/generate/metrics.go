package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// metricFolders are the folders whose packages, at any depth, define metrics.
func metricFolders() []string { return []string{"webhook", "certs", "cmd/webhook"} }

// metric is one metric as its definition in the source says it.
type metric struct {
	name, kind, help string
	labels           []string
}

func metricsPage(root string) (string, error) {
	d := newDocument("Metrics, alerts and the dashboard",
		`For whoever watches the webhook: what it counts, which alerts the chart has, and what each needs.`,
		"the definitions in `webhook`, `certs` and `cmd/webhook`")
	d.paragraph(collecting)
	all, err := findMetrics(root)
	if err != nil {
		return "", err
	}
	var rows [][]string
	for _, m := range all {
		labels := "–"
		if len(m.labels) > 0 {
			labels = code(strings.Join(m.labels, "`, `"))
		}
		rows = append(rows, []string{code(m.name), m.kind, labels, m.help})
	}
	d.table([]string{"metric", "kind", "labels", "meaning"}, rows)
	d.paragraph("`/metrics` also has the metrics of Go and of the process.")
	for _, section := range watching() {
		d.heading(section.title)
		d.paragraph(section.text)
	}
	return d.String(), nil
}

// findMetrics reads the definitions, in the order of their names.
func findMetrics(root string) ([]metric, error) {
	var all []metric
	for _, folder := range metricFolders() {
		err := filepath.WalkDir(filepath.Join(root, folder), func(file string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			found, err := metricsIn(parsed)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			all = append(all, found...)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading metrics: %w", err)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no metric found: are definitions no longer calls of prometheus.New…?")
	}
	slices.SortFunc(all, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func metricsIn(node ast.Node) (all []metric, err error) {
	ast.Inspect(node, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		m, is, readErr := metricOf(call)
		if is {
			all = append(all, m)
		}
		err = errors.Join(err, readErr)
		return true
	})
	return all, err
}

// metricOf reads a call such as prometheus.NewCounterVec(prometheus.CounterOpts{Name: …, Help: …}, []string{…}).
func metricOf(call *ast.CallExpr) (m metric, is bool, err error) {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return m, false, nil
	}
	options, ok := call.Args[0].(*ast.CompositeLit)
	if owner, isName := function.X.(*ast.Ident); !ok || !isName || owner.Name != "prometheus" {
		return m, false, nil
	}
	m.kind = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(function.Sel.Name, "New"), "Vec"))
	for _, element := range options.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, isName := pair.Key.(*ast.Ident)
		switch {
		case isName && key.Name == "Name":
			m.name, err = text(pair.Value)
		case isName && key.Name == "Help":
			m.help, err = text(pair.Value)
		}
		if err != nil {
			return m, false, err
		}
	}
	if len(call.Args) > 1 {
		m.labels, err = texts(call.Args[1])
	}
	return m, m.name != "" && err == nil, err
}

// text is the value of a string literal.
func text(expression ast.Expr) (string, error) {
	literal, ok := expression.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", errors.New("names, help and labels of metrics must be written as string literals")
	}
	return strconv.Unquote(literal.Value)
}

func texts(expression ast.Expr) ([]string, error) {
	list, ok := expression.(*ast.CompositeLit)
	if !ok {
		return nil, errors.New("labels of metrics must be written as a list of string literals")
	}
	var all []string
	for _, element := range list.Elts {
		one, err := text(element)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
