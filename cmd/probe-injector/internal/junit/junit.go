// Package junit writes test results in the form that CI systems read (https://github.com/testmoapp/junitxml describes what
// they have in common).
package junit

import (
	"encoding/xml"
	"io"

	"github.com/probe-injector/probe-injector/policy/text"
)

// Suite is a set of test cases.
type Suite struct {
	Name  string
	Cases []Case
}

// Case is one test. It failed if Failure has a message.
type Case struct {
	// Class groups cases; Name tells them apart.
	Class, Name string
	// File and Line are where it stands, if that is known.
	File    string
	Line    int
	Failure Failure
	// Output is what a test that did not fail has to say.
	Output string
}

// Failure says why a test failed.
type Failure struct {
	// Message is one sentence, Type a word for its kind, Text all there is to say.
	Message, Type, Text string
}

type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Cases    []test `xml:"testcase"`
}

type test struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	File    string   `xml:"file,attr,omitempty"`
	Line    int      `xml:"line,attr,omitempty"`
	Failure *failure `xml:"failure"`
	Output  string   `xml:"system-out,omitempty"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// Write writes suites as one document.
func Write(to io.Writer, all ...Suite) error {
	document := suites{}
	for _, s := range all {
		out := suite{Name: printable(s.Name), Tests: len(s.Cases)}
		for _, c := range s.Cases {
			written := test{Class: printable(c.Class), Name: printable(c.Name), File: printable(c.File), Line: c.Line, Output: c.Output}
			if c.Failure.Message != "" {
				out.Failures++
				written.Failure = &failure{printable(c.Failure.Message), printable(c.Failure.Type), c.Failure.Text}
			}
			out.Cases = append(out.Cases, written)
		}
		document.Suites = append(document.Suites, out)
	}
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(to)
	encoder.Indent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(to, "\n")
	return err
}

// printable keeps an attribute on one line. What XML has no place for is replaced by the encoder.
func printable(s string) string { return text.Printable(s) }
