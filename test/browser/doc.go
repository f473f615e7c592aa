// Package browser opens the HTML page of "probe-injector audit" in Chromium.
package browser
