package resilience

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/server"
)

// withdrawal is how long after the end of a server began its endpoint is taken away, and how long after it became ready
// it gets one. In a cluster that takes the kubelet, a controller and every node, one to two seconds in all.
const withdrawal = 1500 * time.Millisecond

// endTimeout is how long a server may take to end after SIGTERM: its drain, and what is usual for a busy machine.
const endTimeout = 90 * time.Second

// publish makes a server an endpoint of the Service.
func (r *release) publish(ctx context.Context, s *server.Server) error {
	return r.publishAddress(ctx, s.Address())
}

// publishAddress makes an address an endpoint of the Service: in a slice of its own, which has its own port.
func (r *release) publishAddress(ctx context.Context, address string) error {
	slice, err := r.endpointSlice(address)
	if err != nil {
		return err
	}
	if _, err := r.Client().DiscoveryV1().EndpointSlices(r.plan.namespace).Create(ctx, slice, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("publishing the endpoint %s: %w", address, err)
	}
	return nil
}

func (r *release) endpointSlice(address string) (*discoveryv1.EndpointSlice, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("publishing an endpoint: %w", err)
	}
	service, err := r.rendered.Service()
	if err != nil {
		return nil, err
	}
	family := discoveryv1.AddressTypeIPv4
	if at.Addr().Is6() {
		family = discoveryv1.AddressTypeIPv6
	}
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: sliceName(address), Labels: map[string]string{discoveryv1.LabelServiceName: service.Name}},
		AddressType: family,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{at.Addr().String()},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
		}},
		Ports: []discoveryv1.EndpointPort{{
			Name: new(service.Spec.Ports[0].Name), Port: new(int32(at.Port())), Protocol: new(corev1.ProtocolTCP),
		}},
	}, nil
}

// sliceName is the name of a server's slice. No two servers have the same port.
func sliceName(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "none"
	}
	return "webhook-" + port
}

// unpublish takes the endpoint of a server away.
func (r *release) unpublish(ctx context.Context, address string) error {
	err := r.Client().DiscoveryV1().EndpointSlices(r.plan.namespace).Delete(ctx, sliceName(address), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("withdrawing the endpoint %s: %w", address, err)
	}
	return nil
}

// retire ends a server as Kubernetes does: by SIGTERM at once, while its endpoint goes later. It returns when the server
// has ended, which has to be by itself and well.
func (r *release) retire(ctx context.Context, s *server.Server) error {
	withdrawn := make(chan error, 1)
	go func() { withdrawn <- r.unpublishLate(ctx, s) }()
	ending, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	ended := s.Terminate(ending)
	return errors.Join(ended, <-withdrawn, r.forget(s))
}

// unpublishLate takes the endpoint of a server away after the delay that is usual.
func (r *release) unpublishLate(ctx context.Context, s *server.Server) error {
	if err := late(ctx); err != nil {
		return err
	}
	return r.unpublish(ctx, s.Address())
}

// publishLate makes a server an endpoint after the delay that is usual.
func (r *release) publishLate(ctx context.Context, s *server.Server) error {
	if err := late(ctx); err != nil {
		return err
	}
	return r.publish(ctx, s)
}

// late waits for the delay of endpoints.
func late(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(withdrawal):
		return nil
	}
}
