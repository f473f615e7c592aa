package selfmanaged

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

const (
	serviceName = "probe-injector.probes.svc"
	hooks       = "0-probe-injector"
)

// memory is a cluster in memory: what an API server would do with the Secret and the configurations, for any number of replicas
// that learn of changes after a lag. Time is that of the synctest bubble it runs in.
type memory struct {
	mutex          sync.Mutex
	version        int
	secret         *corev1.Secret
	configurations map[string]*admissionregistrationv1.MutatingWebhookConfiguration
	// preflight is a configuration of the other kind, of the same name, or nil.
	preflight *admissionregistrationv1.ValidatingWebhookConfiguration
	changed   map[*connection]chan struct{}
	// writes counts the writes of replicas that succeeded.
	writes int
	// mayCreate is whether the Secret can be made again.
	mayCreate bool
	// down is an API server that answers nothing.
	down bool
	// logger is where the replicas log.
	logger *slog.Logger
	// lag is how long after a change a replica hears of it.
	lag func() time.Duration
	// ahead is by how much all clocks are ahead of that of the bubble.
	ahead time.Duration
}

// now is what all clocks show that are right.
func (m *memory) now() time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return time.Now().Add(m.ahead)
}

// pass lets time pass, of which the replicas live through the last few steps: living through months takes minutes.
func (m *memory) pass(d time.Duration) {
	const lived = resyncInterval + time.Second
	m.look(func() { m.ahead += max(0, d-lived) })
	time.Sleep(min(d, lived))
}

// callsUs is how an entry calls the replicas of these tests.
func callsUs() admissionregistrationv1.WebhookClientConfig { return calls("probe-injector") }

func calls(service string) admissionregistrationv1.WebhookClientConfig {
	return admissionregistrationv1.WebhookClientConfig{
		Service: &admissionregistrationv1.ServiceReference{Namespace: "probes", Name: service},
	}
}

// connection is one replica's.
type connection struct{ *memory }

var _ cluster = connection{}

// newMemory is a cluster right after the installation: an empty Secret, and a configuration of entries without bundles.
func newMemory(entries ...string) *memory {
	m := &memory{
		configurations: map[string]*admissionregistrationv1.MutatingWebhookConfiguration{},
		changed:        map[*connection]chan struct{}{},
		logger:         slog.New(slog.DiscardHandler),
		lag:            func() time.Duration { return 20 * time.Millisecond },
	}
	m.change(func() {
		m.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "probes", Name: "tls"}}
		c := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: hooks}}
		for _, name := range entries {
			c.Webhooks = append(c.Webhooks, admissionregistrationv1.MutatingWebhook{Name: name, ClientConfig: callsUs()})
		}
		m.configurations[hooks] = c
	})
	return m
}

// logTo shows what the replicas logged if the test fails.
func (m *memory) logTo(t *testing.T) {
	var b bytes.Buffer
	m.logger = slog.New(slog.NewTextHandler(&b, nil))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b.String())
		}
	})
}

// change lets a test do what a person with kubectl can.
func (m *memory) change(f func()) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	f()
	m.stamp()
}

func (m *memory) stamp() {
	m.version++
	stamp := func(o metav1.Object) {
		o.SetResourceVersion(strconv.Itoa(m.version))
		o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "somebody", Time: &metav1.Time{Time: time.Now().Add(m.ahead)}}})
	}
	if m.secret != nil {
		m.secret = m.secret.DeepCopy()
		stamp(m.secret)
	}
	for name, c := range m.configurations {
		c = c.DeepCopy()
		stamp(c)
		m.configurations[name] = c
	}
	if m.preflight != nil {
		m.preflight = m.preflight.DeepCopy()
		stamp(m.preflight)
	}
	for _, changed := range m.changed {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// look lets a test read what is there.
func (m *memory) look(f func()) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	f()
}

// isFilled reports whether the Secret is there and has data.
func (m *memory) isFilled() (filled bool) {
	m.look(func() { filled = m.secret != nil && len(m.secret.Data) > 0 })
	return filled
}

// written is how many writes of replicas there were.
func (m *memory) written() (n int) {
	m.look(func() { n = m.writes })
	return n
}

// bundles are the published bundles of all entries that call us.
func (m *memory) bundles() [][]byte {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var all [][]byte
	for _, c := range m.configurations {
		for _, w := range c.Webhooks {
			if w.ClientConfig.Service != nil && w.ClientConfig.Service.Name == "probe-injector" {
				all = append(all, w.ClientConfig.CABundle)
			}
		}
	}
	if m.preflight != nil {
		for _, w := range m.preflight.Webhooks {
			all = append(all, w.ClientConfig.CABundle)
		}
	}
	return all
}

func (c connection) watch(ctx context.Context, secret *secretStore, configurations map[configurationRef]*configurationStore) {
	changed := make(chan struct{}, 1)
	c.mutex.Lock()
	c.changed[&c] = changed
	c.mutex.Unlock()
	defer func() {
		c.mutex.Lock()
		delete(c.changed, &c)
		c.mutex.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(c.lag()):
		}
		c.deliver(secret, configurations)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

func (c connection) deliver(secret *secretStore, configurations map[configurationRef]*configurationStore) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.down {
		return
	}
	secret.set(c.secret.DeepCopy())
	for r, store := range configurations {
		object := c.configuration(r)
		if object == nil {
			_ = store.Delete(nil)
		} else if err := store.Update(object); err != nil {
			panic(err)
		}
	}
}

func (c connection) patchSecret(_ context.Context, patch []byte) error {
	return c.write("secrets", "tls", func() error {
		if c.secret == nil {
			return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "tls")
		}
		var p struct {
			Metadata precondition
			Data     map[string][]byte
		}
		if err := json.Unmarshal(patch, &p); err != nil {
			return err
		}
		if p.Metadata.ResourceVersion != c.secret.ResourceVersion {
			return apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, "tls", nil)
		}
		c.secret = c.secret.DeepCopy()
		if c.secret.Data == nil {
			c.secret.Data = map[string][]byte{}
		}
		maps.Copy(c.secret.Data, p.Data)
		return nil
	})
}

func (c connection) createSecret(_ context.Context, data map[string][]byte) error {
	return c.write("secrets", "tls", func() error {
		if !c.mayCreate {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "tls", nil)
		}
		if c.secret != nil {
			return apierrors.NewAlreadyExists(schema.GroupResource{Resource: "secrets"}, "tls")
		}
		c.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "probes", Name: "tls"}, Data: data}
		return nil
	})
}

// configuration returns a copy of a configuration, nil if it does not exist.
func (m *memory) configuration(r configurationRef) runtime.Object {
	if r.kind == validating && m.preflight != nil {
		return m.preflight.DeepCopy()
	}
	if c := m.configurations[r.name]; r.kind == mutating && c != nil {
		return c.DeepCopy()
	}
	return nil
}

func (c connection) patchConfiguration(_ context.Context, r configurationRef, patch []byte) error {
	return c.write("webhookconfigurations", r.name, func() error {
		object := c.configuration(r)
		if object == nil {
			return apierrors.NewNotFound(schema.GroupResource{Resource: "webhookconfigurations"}, r.name)
		}
		old, err := r.kind.read(object)
		if err != nil {
			return err
		}
		var p bundlePatch
		if err := json.Unmarshal(patch, &p); err != nil {
			return err
		}
		if p.Metadata.ResourceVersion != old.resourceVersion {
			return apierrors.NewConflict(schema.GroupResource{Resource: "webhookconfigurations"}, r.name, nil)
		}
		if r.kind == validating {
			c.preflight = &admissionregistrationv1.ValidatingWebhookConfiguration{}
			return merge(object, patch, c.preflight)
		}
		merged := &admissionregistrationv1.MutatingWebhookConfiguration{}
		c.configurations[r.name] = merged
		return merge(object, patch, merged)
	})
}

// merge applies a strategic merge patch to old and puts the result into merged, which is of the same type.
func merge(old runtime.Object, patch []byte, merged runtime.Object) error {
	before, err := json.Marshal(old)
	if err != nil {
		return err
	}
	after, err := strategicpatch.StrategicMergePatch(before, patch, merged)
	if err != nil {
		return err
	}
	return json.Unmarshal(after, merged)
}

func (c connection) write(resource, name string, f func() error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.down {
		return apierrors.NewServerTimeout(schema.GroupResource{Resource: resource}, name, 1)
	}
	if err := f(); err != nil {
		return err
	}
	c.writes++
	c.stamp()
	return nil
}
