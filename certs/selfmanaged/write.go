package selfmanaged

import (
	"fmt"
	"time"

	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// rewriteAfter is how long the watch may take to bring what was written before the object is written again.
const rewriteAfter = 5 * time.Second

// An object is written writeBurst times without a pause, and then every writeInterval: whatever happens to a healthy
// cluster needs one or two writes and each once more, and who undoes them again and again must not make API servers and
// etcd suffer for it.
const (
	writeBurst    = 10
	writeInterval = 5 * time.Second
)

// write is a write that has succeeded.
type write struct {
	// over is the resourceVersion that was replaced.
	over string
	at   time.Time
}

// precondition makes the API server refuse a patch of an object that has changed since it was read.
type precondition struct {
	ResourceVersion string `json:"resourceVersion"`
}

// isWritten reports whether this replica has just replaced this version of an object, so that the watch is about to bring
// another.
func (m *Manager) isWritten(object, resourceVersion string, now time.Time) bool {
	w, ok := m.written[object]
	return ok && w.over == resourceVersion && now.Sub(w.at).Abs() < rewriteAfter
}

// wrote notes that this replica has replaced a version of an object.
func (m *Manager) wrote(object, resourceVersion string, now time.Time) {
	m.written[object] = write{resourceVersion, now}
	m.limit(object).AllowN(now, 1)
}

// mayWrite reports whether this replica may write an object now. If it has done so too often, the log says so, and
// nextStep returns when to try again.
func (m *Manager) mayWrite(object string, now time.Time) bool {
	if m.limit(object).TokensAt(now) >= 1 {
		return true
	}
	m.undone.Do(func() {
		m.options.Logger.Warn("somebody else keeps changing an object, so that it is written less often; kubectl get --show-managed-fields shows who",
			"object", object, "writtenEvery", writeInterval.String())
	})
	return false
}

func (m *Manager) limit(object string) *rate.Limiter {
	l, ok := m.limits[object]
	if !ok {
		l = rate.NewLimiter(rate.Every(writeInterval), writeBurst)
		m.limits[object] = l
	}
	return l
}

// count counts a write and reports whether it was done. That another replica was faster is no error: the watch brings
// what it wrote.
func (m *Manager) count(o object, err error) (done bool, failure error) {
	switch {
	case err == nil:
		m.metrics.wrote(o, resultSuccess)
		return true, nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		m.metrics.wrote(o, resultConflict)
		return false, nil
	default:
		m.metrics.wrote(o, resultError)
		return false, err
	}
}

// wrap adds to an error what was tried; it returns nil without an error.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
