package e2e

import (
	"fmt"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/images"
	"github.com/probe-injector/probe-injector/test/previous"
)

// TestUpgradeFromThePreviousRelease upgrades the chart and the image of the release before this one to those of this
// checkout, goes back and upgrades again, while Pods are created, with an authority that is older than everything that
// either of them keeps.
func TestUpgradeFromThePreviousRelease(t *testing.T) {
	theSuite.upgradesFromThePreviousRelease(t, charttools.Helm4, "Ignore")
}

// TestFullUpgradeFromThePreviousRelease does the same by the other Helm, and where Pods are refused that nobody answers.
func TestFullUpgradeFromThePreviousRelease(t *testing.T) {
	t.Run("by Helm 3", func(t *testing.T) { theSuite.upgradesFromThePreviousRelease(t, charttools.Helm3, "Ignore") })
	t.Run("under Fail", func(t *testing.T) { theSuite.upgradesFromThePreviousRelease(t, charttools.Helm4, "Fail") })
}

func (s *suite) upgradesFromThePreviousRelease(t *testing.T, tool charttools.Tool, failurePolicy string) {
	t.Helper()
	s.load(t, images.Webhook)
	s.load(t, images.PreviousWebhook)
	authority := s.leaveAgedAuthority(t)
	l := &lifecycle{s.toInstall(t, tool), s.namespace(t, "upgrade", nil)}
	current, values := l.chart, fmt.Sprintf("%s\nwebhook: {failurePolicy: %s}\n", selfManaged, failurePolicy)
	l.chart = l.previousChart(t)
	l.upgrade(t, values+"image: {tag: "+previous.Version+"}\n")
	l.bundleIs(t, authority)
	l.servesAs(t, previous.Version)

	l.chart = current
	for _, step := range []struct {
		name, version string
		do            func()
	}{
		{"upgrade to this checkout", l.firstVersion(t), func() { l.upgrade(t, values) }},
		{"rollback to the previous release", previous.Version, func() { l.rollback(t) }},
		{"upgrade again", l.firstVersion(t), func() { l.upgrade(t, values) }},
	} {
		l.replacesAll(t, step.name, step.do)
		l.servesAs(t, step.version)
		l.bundleHas(t, authority)
	}
}

// previousChart packages the chart of the previous release.
func (r *release) previousChart(t *testing.T) string {
	t.Helper()
	before, err := previous.Unpack()
	if err != nil {
		t.Fatal(err)
	}
	chart, err := r.pack(t.Context(), before.Chart(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return chart
}
