// This module writes the chart's dashboard with Grafana's own types. It is a module of its own because nobody who builds or
// tests the rest of the project has to have those.
module github.com/probe-injector/probe-injector/charts/dashboard

go 1.26.7

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
