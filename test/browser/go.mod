// This module looks at the HTML page of "probe-injector audit" in a real browser. It is a module of its own so that no other
// test needs one.
module github.com/probe-injector/probe-injector/test/browser

go 1.26.0

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
)

require github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
