package e2e

import "testing"

const (
	// upgraded are the values of another version with another log level.
	upgraded = `{image: {tag: ` + nextVersion + `}, log: {level: debug}}`
	// upgradedToFail are those with which Pods are refused when we are not there.
	upgradedToFail = `{image: {tag: ` + nextVersion + `}, webhook: {failurePolicy: Fail}}`
)

func (l *lifecycle) upgradesUnderIgnore(t *testing.T) {
	l.replacesAll(t, "helm upgrade", func() { l.upgrade(t, upgraded) })
	l.servesAs(t, nextVersion)
}

func (l *lifecycle) rollsBack(t *testing.T) {
	l.replacesAll(t, "helm rollback", func() { l.rollback(t) })
	l.servesAs(t, l.firstVersion(t))
}

// upgradesToFail changes the failurePolicy and all Pods at once. Nearly all of it happens under Fail, because Helm
// writes the configuration first.
func (l *lifecycle) upgradesToFail(t *testing.T) {
	l.replacesAll(t, "helm upgrade to Fail", func() { l.upgrade(t, upgradedToFail) })
	l.servesAs(t, nextVersion)
}

// replacesAll creates Pods while something replaces all Pods of ours, until the last of the old ones has drained and is
// gone. Each of them must get its probes.
func (l *lifecycle) replacesAll(t *testing.T, what string, replace func()) {
	t.Helper()
	before := l.pods(t)
	serving := l.watchServing(t)
	creations := l.createAllTheTime(t, l.shop)
	replace()
	l.waitUntilGone(t, before)
	creations.end(t, what)
	serving.end(t)
}

// rollback goes back to the revision before, and returns when all Pods are Ready.
func (r *release) rollback(t *testing.T) {
	t.Helper()
	if _, err := r.run(t.Context(), "rollback", releaseName, "--namespace", releaseNamespace, "--wait", "--timeout", helmTimeout); err != nil {
		t.Fatal(err)
	}
}
