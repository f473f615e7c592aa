package selfmanaged

import (
	"crypto/x509"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRetired has a current authority and another one, which were published at some time, and a process that learned of
// them at some time.
func TestRetired(t *testing.T) {
	const keep, day = 24 * time.Hour, 24 * time.Hour
	current, _ := makeCA(t, at().Add(-400*day), DefaultLifetimes())
	other := foreignAuthority(t, at().Add(-500*day))
	tests := map[string]struct {
		live func(h *history, publish func(all ...*x509.Certificate) *published)
		want bool
	}{
		"an authority is appended to a bundle that is 400 days old: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(current.certificate), at().Add(-300*day))
				h.adopt(at().Add(-400*day), at().Add(-300*day))
				h.observe(publish(current.certificate, other), at())
			},
		},
		"it has been there for a day less a second: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(current.certificate), at().Add(-300*day))
				h.adopt(at().Add(-400*day), at().Add(-300*day))
				h.observe(publish(current.certificate, other), at().Add(time.Second-day))
			},
		},
		"it has been there for a day: it goes": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(current.certificate), at().Add(-300*day))
				h.adopt(at().Add(-400*day), at().Add(-300*day))
				h.observe(publish(current.certificate, other), at().Add(-day))
			},
			want: true,
		},
		"the process was started just now, and nothing has changed for two days: it goes": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				p := publish(current.certificate, other)
				p.lastChange = at().Add(-2 * day)
				h.observe(p, at())
				h.adopt(at().Add(-2*day), at())
			},
			want: true,
		},
		"the process was started just now, and the bundle changed an hour ago: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				p := publish(current.certificate, other)
				p.lastChange = at().Add(-time.Hour)
				h.observe(p, at())
				h.adopt(at().Add(-2*day), at())
			},
		},
		"the process was started just now, and the Secret changed an hour ago: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				p := publish(current.certificate, other)
				p.lastChange = at().Add(-2 * day)
				h.observe(p, at())
				h.adopt(at().Add(-time.Hour), at())
			},
		},
		"the process was started just now, and nobody knows when anything changed: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(current.certificate, other), at())
				h.adopt(time.Time{}, at())
			},
		},
		"the current one could not be published until an hour ago: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(other), at().Add(-3*day))
				h.adopt(time.Time{}, at().Add(-3*day))
				h.observe(publish(other, current.certificate), at().Add(-time.Hour))
			},
		},
		"the current one is not published: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(other), at().Add(-3*day))
				h.adopt(time.Time{}, at().Add(-3*day))
			},
		},
		"it was in the Secret until an hour ago: it is kept": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.observe(publish(other, current.certificate), at().Add(-3*day))
				h.adopt(time.Time{}, at().Add(-3*day))
				h.needed(other, at().Add(-time.Hour))
			},
		},
		"it was dropped and somebody published it again: it is kept whatever the time": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.adopt(time.Time{}, at().Add(-9*day))
				h.observe(publish(other, current.certificate), at().Add(-9*day))
				h.drop(of(other, current.certificate), of(current.certificate))
				h.observe(publish(other, current.certificate), at().Add(-5*day))
			},
		},
		"the clock was two hours fast and was set right: it is kept for its day": {
			live: func(h *history, publish func(all ...*x509.Certificate) *published) {
				h.adopt(time.Time{}, at().Add(-3*day))
				h.observe(publish(current.certificate), at().Add(-3*day))
				h.observe(publish(other, current.certificate), at().Add(2*time.Hour-day))
				h.observe(publish(other, current.certificate), at().Add(time.Hour-day))
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := &history{dropped: map[string]bool{}}
			test.live(h, func(all ...*x509.Certificate) *published {
				p := &published{}
				p.add(&configuration{configurationRef: configurationRef{kind: mutating}, webhooks: []configuredWebhook{{serverName: serviceName, bundle: encodeCertificates(all)}}}, []string{serviceName})
				return p
			})
			if got := h.retired(other, current.certificate, keep, at()); got != test.want {
				t.Errorf("retired: %v, want %v", got, test.want)
			}
		})
	}
}

func TestAClockThatIsSetBackHoldsNothingForLonger(t *testing.T) {
	current, _ := makeCA(t, at(), DefaultLifetimes())
	p := &published{}
	p.add(&configuration{configurationRef: configurationRef{kind: mutating}, webhooks: []configuredWebhook{{
		serverName: serviceName, bundle: encodeCertificates(of(current.certificate)),
	}}}, []string{serviceName})
	h := &history{}
	h.observe(p, at().Add(2*time.Hour))
	h.observe(p, at())
	if d, ok := h.publishedFor(current.certificate, at().Add(5*time.Second)); !ok || d != 5*time.Second {
		t.Errorf("5 s after the clock was set back by two hours, an authority has been published for %s, %v", d, ok)
	}
}

func TestLastChange(t *testing.T) {
	ago := func(d time.Duration) *metav1.Time { return &metav1.Time{Time: at().Add(-d)} }
	tests := map[string]struct {
		o    metav1.ObjectMeta
		want time.Time
	}{
		"an API server that notes no writers": {metav1.ObjectMeta{CreationTimestamp: *ago(time.Hour)}, time.Time{}},
		"the latest writer counts": {metav1.ObjectMeta{CreationTimestamp: *ago(time.Hour), ManagedFields: []metav1.ManagedFieldsEntry{
			{Time: ago(30 * time.Minute)}, {Time: ago(10 * time.Minute)}, {},
		}}, at().Add(-10 * time.Minute)},
		"an object that was made anew from a backup, with its writers": {metav1.ObjectMeta{CreationTimestamp: *ago(time.Hour), ManagedFields: []metav1.ManagedFieldsEntry{
			{Time: ago(48 * time.Hour)},
		}}, at().Add(-time.Hour)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lastChange(&test.o); !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
