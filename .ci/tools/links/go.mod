// This module checks the links of all pages. It is a module of its own because nobody else needs a parser of Markdown.
module github.com/probe-injector/probe-injector/.ci/tools/links

go 1.26.7

require github.com/yuin/goldmark v1.8.7
