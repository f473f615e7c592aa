// Package pages runs the commands that the pages of this repository show, as a reader would, and compares what they print
// with what the page says they print.
//
// Every fenced block of a page is one of these:
//
//   - console: each line that begins with "$ " is a command, and what follows up to the next is its output. A line "…" stands
//     for any number of lines, and "…" within a line for anything. Times, generated names, hashes and IP addresses may differ.
//   - sh: each line is a command, which has to succeed; what it prints is not compared.
//   - yaml: has to be valid.
//
// A comment directly above a block says more, and readers of the page do not see it; see the type Directive. All blocks of
// all pages are run by one shell, in the order of the pages, so that a page may rely on an earlier one.
//
// What the commands printed is recorded in testdata, so that a block which is changed and not run again is found without a
// cluster. The package e2e runs the pages on real nodes, with both versions of Helm:
//
//	make pages             run them
//	make pages UPDATE=1    run them, and write what they print into the pages and the record
package pages
