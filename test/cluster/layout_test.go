package cluster

import (
	"net/netip"
	"strings"
	"testing"
)

// reserved is what RFC 2544 sets aside for tests of networks.
func reserved() netip.Prefix { return netip.MustParsePrefix("198.18.0.0/15") }

func TestClustersAndTheirNodesNeverShareAnything(t *testing.T) {
	t.Parallel()
	taken := map[string]string{}
	var ranges []netip.Prefix
	take := func(what, value string) {
		if other, ok := taken[value]; ok {
			t.Errorf("%s is both %s and %s", value, other, what)
		}
		taken[value] = what
	}
	for number := range maxNumber + 1 {
		layout, err := newLayout(number)
		if err != nil {
			t.Fatal(err)
		}
		take("the bridge", layout.bridge())
		take("the folder", layout.dir)
		ranges = append(ranges, netip.MustParsePrefix(layout.network()).Masked())
		for node := 1; node <= nodes; node++ {
			place := layout.place(node)
			take("a link", place.link)
			take("a cgroup", place.cgroup)
			take("a node's folder", place.dir)
			take("a node's address", place.address)
			ranges = append(ranges, netip.MustParsePrefix(place.pods))
			if !netip.MustParsePrefix(layout.allPods()).Overlaps(netip.MustParsePrefix(place.pods)) {
				t.Errorf("%s does not hold %s", layout.allPods(), place.pods)
			}
			// The kernel's limit, IFNAMSIZ less the zero at the end.
			if len(place.link) > 15 {
				t.Errorf("the name %s is too long for a link", place.link)
			}
		}
	}
	for i, one := range ranges {
		if !reserved().Contains(one.Addr()) {
			t.Errorf("%s is not in %s", one, reserved())
		}
		for _, other := range ranges[:i] {
			if one.Overlaps(other) {
				t.Errorf("%s overlaps %s", one, other)
			}
		}
	}
}

func TestANumberThatHasNoNetworkIsRefused(t *testing.T) {
	t.Parallel()
	for _, number := range []int{-1, maxNumber + 1} {
		_, err := newLayout(number)
		if err == nil || !strings.Contains(err.Error(), "has to be from 0 to 9") {
			t.Errorf("%d: the error is %v", number, err)
		}
	}
}
