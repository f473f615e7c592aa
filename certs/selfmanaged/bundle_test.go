package selfmanaged

import (
	"crypto/x509"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// at is when the tests of the arithmetic happen.
func at() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC) }

func TestWanted(t *testing.T) {
	l := DefaultLifetimes()
	made := func(ago time.Duration) *x509.Certificate {
		a, _ := makeCA(t, at().Add(-ago), l)
		return a.certificate
	}
	a, b, c := made(72*time.Hour), made(48*time.Hour), made(time.Minute)
	expired := made(l.CA + time.Minute)
	other := foreignAuthority(t, at())
	always, never := func(*x509.Certificate) bool { return true }, func(*x509.Certificate) bool { return false }

	// The rows are those of the comment on wanted, and some more.
	tests := map[string]struct {
		published []*x509.Certificate
		current   *x509.Certificate
		serving   *x509.Certificate
		settled   func(*x509.Certificate) bool
		want      []*x509.Certificate
	}{
		"nothing is published: the current one":                          {nil, a, nil, never, of(a)},
		"the current one is published: it stays":                         {of(a), a, a, always, of(a)},
		"a new one comes: the one before stays":                          {of(a), c, a, always, of(c, a)},
		"a new one is published: the one before stays":                   {of(c, a), c, a, never, of(c, a)},
		"a new one has settled: the one before stays for its time":       {of(c, a), c, c, always, of(c, a)},
		"a new one is a day old and settled: the one before goes":        {of(b, a), b, b, always, of(b)},
		"it is a day old and was only just published: both stay":         {of(b, a), b, a, never, of(b, a)},
		"a third comes before the second settled: it waits":              {of(b, a), c, a, never, of(b, a)},
		"a third comes after the second settled: the first goes":         {of(b, a), c, b, always, of(c, b)},
		"an expired one goes at once":                                    {of(expired), a, nil, never, of(a)},
		"an expired one does not make a third wait":                      {of(b, expired), c, b, never, of(c, b)},
		"a foreign one stays, for the servers that still use it":         {of(other), a, nil, never, of(other, a)},
		"a foreign one stays beside the own one: another mode was tried": {of(other, a), c, nil, never, of(other, c, a)},
		"a foreign one goes with the predecessor":                        {of(other, b, a), b, b, always, of(b)},
		"what this replica serves is put back":                           {of(c), c, a, never, of(c, a)},
		"nothing is known: all that can be used stays":                   {of(b, expired, a), nil, nil, never, of(b, a)},
		"the Secret went back to an earlier one: it is first again":      {of(c, b), a, c, always, of(c, a)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k := knowledge{current: test.current, serving: test.serving, settled: test.settled}
			if test.current != nil {
				k.retireAt = issuedAt(test.current, l).Add(l.KeepPredecessor)
			}
			got := wanted(test.published, k, at())
			if !slices.EqualFunc(got, test.want, (*x509.Certificate).Equal) {
				t.Errorf("got %v, want %v", serials(got), serials(test.want))
			}
		})
	}
}

func of(all ...*x509.Certificate) []*x509.Certificate { return all }

// TestWantedIsAgreedUpon takes any authorities, published in any order, and any that is current.
func TestWantedIsAgreedUpon(t *testing.T) {
	l := DefaultLifetimes()
	random := rand.New(rand.NewPCG(1, 2))
	var pool []*x509.Certificate
	for _, ago := range []time.Duration{0, 0, time.Second, time.Hour, 30 * time.Hour, l.CA + time.Hour} {
		a, _ := makeCA(t, at().Add(-ago), l)
		pool = append(pool, a.certificate)
	}
	pool = append(pool, foreignAuthority(t, at()))
	for range 3000 {
		random.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		published := slices.Clone(pool[:random.IntN(4)])
		settled := random.IntN(2) == 0
		k := knowledge{settled: func(c *x509.Certificate) bool { return settled && contains(published, c) }}
		k.current = pool[random.IntN(len(pool))]
		k.retireAt = issuedAt(k.current, l).Add(l.KeepPredecessor)
		if random.IntN(2) == 0 && len(published) > 0 {
			k.serving = published[0]
		}
		checkAgreement(t, published, k, random)
	}
}

func checkAgreement(t *testing.T, published []*x509.Certificate, k knowledge, random *rand.Rand) {
	t.Helper()
	got := wanted(published, k, at())
	same := func(other []*x509.Certificate) bool { return slices.EqualFunc(got, other, (*x509.Certificate).Equal) }

	shuffled := slices.Clone(published)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if !same(wanted(shuffled, k, at())) {
		t.Fatal("it depends on the order in which authorities are published")
	}
	k.serving = nil
	if !same(wanted(got, k, at())) {
		t.Fatal("what was wanted is not wanted again")
	}
	own := slices.DeleteFunc(slices.Clone(got), func(c *x509.Certificate) bool { return !isOwn(c) })
	if validAt(k.current, at()) == nil && len(own) > 2 {
		t.Fatalf("%d own authorities are wanted", len(own))
	}
	for _, c := range got {
		if at().After(c.NotAfter) {
			t.Fatal("an expired authority is wanted")
		}
	}
}
