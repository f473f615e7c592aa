package selfmanaged

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// publishAgainAfter is how long after its publication a bundle is written once more: long enough for an API server to be done
// with the version before, and short enough for those who wait for probes.
const publishAgainAfter = 5 * time.Second

// publication is a bundle that this replica has published.
type publication struct {
	bundle []byte
	at     time.Time
}

// publishAgain writes once more what this replica has published a while ago, with a line end behind it. An API server keeps
// what it has made of a configuration until the next change; if that comes while it makes something of the one before, the
// older may be what it keeps, and then it refuses certificates that the bundle verifies, for good. A bundle is often
// published within milliseconds after somebody created or changed the configuration. One more change, in a quiet moment, is
// what ends it.
//
// Source: mutatingWebhookConfigurationManager and its validating twin, k8s.io/apiserver/pkg/admission/configuration, since
// Kubernetes 1.28 (kubernetes/kubernetes#118051) and still in 1.37: getMutatingWebhookConfigurations stores into
// configurationsCache what it made of a list, also after the handler of an update has deleted that from it.
func (m *Manager) publishAgain(ctx context.Context, c *configuration, now time.Time) error {
	last, ok := m.toRepeat[c.configurationRef]
	if !ok || now.Sub(last.at).Abs() < publishAgainAfter {
		return nil
	}
	var webhooks []webhookPatch
	for _, e := range m.published.Load().entriesOf(c) {
		// Another text is of somebody who has changed the configuration since.
		if bytes.Equal(e.bundle, last.bundle) {
			webhooks = append(webhooks, newWebhookPatch(e.name, slices.Concat(e.bundle, []byte("\n"))))
		}
	}
	done, err := len(webhooks) == 0, error(nil)
	if !done {
		done, err = m.patchWebhooks(ctx, c, webhooks, now)
	}
	if done {
		delete(m.toRepeat, c.configurationRef)
	}
	return err
}
