// Package metrics reads what programs expose to Prometheus, so that tests can ask for a figure by name and labels.
package metrics

import (
	"fmt"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Scrape is what one program exposed at one moment.
type Scrape struct {
	families map[string]*dto.MetricFamily
}

// Parse reads the text format.
func Parse(text io.Reader) (*Scrape, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, fmt.Errorf("parsing metrics: %w", err)
	}
	return &Scrape{families: families}, nil
}

// Has reports whether the metric is exposed at all.
func (s *Scrape) Has(name string) bool { return s.families[name] != nil }

// Sum adds up all series of a counter or gauge whose labels include the given ones. Without any such series it is 0,
// as a counter that nobody has counted yet. Of a histogram or summary it adds up how many were observed.
func (s *Scrape) Sum(name string, labels map[string]string) float64 {
	family := s.families[name]
	if family == nil {
		return 0
	}
	var sum float64
	for _, metric := range family.GetMetric() {
		if includes(metric.GetLabel(), labels) {
			sum += value(metric)
		}
	}
	return sum
}

// Total adds up what was observed by all series of a histogram or summary whose labels include the given ones.
func (s *Scrape) Total(name string, labels map[string]string) float64 {
	var total float64
	for _, metric := range s.families[name].GetMetric() {
		if includes(metric.GetLabel(), labels) {
			total += metric.GetHistogram().GetSampleSum() + metric.GetSummary().GetSampleSum()
		}
	}
	return total
}

// value is the one number that stands for a series.
func value(metric *dto.Metric) float64 {
	switch {
	case metric.Counter != nil:
		return metric.GetCounter().GetValue()
	case metric.Gauge != nil:
		return metric.GetGauge().GetValue()
	case metric.Histogram != nil:
		return float64(metric.GetHistogram().GetSampleCount())
	case metric.Summary != nil:
		return float64(metric.GetSummary().GetSampleCount())
	default:
		return metric.GetUntyped().GetValue()
	}
}

// includes reports whether a series has all the wanted labels; it may have more.
func includes(pairs []*dto.LabelPair, wanted map[string]string) bool {
	found := 0
	for _, pair := range pairs {
		if want, ok := wanted[pair.GetName()]; ok {
			if pair.GetValue() != want {
				return false
			}
			found++
		}
	}
	return found == len(wanted)
}
