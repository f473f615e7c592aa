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
	all, none := func(*x509.Certificate) bool { return true }, func(*x509.Certificate) bool { return false }

	// The rows are those of the comment on wanted, and some more.
	tests := map[string]struct {
		published []*x509.Certificate
		current   *x509.Certificate
		serving   *x509.Certificate
		retired   func(*x509.Certificate) bool
		want      []*x509.Certificate
	}{
		"nothing is published: the current one":                        {nil, a, nil, none, of(a)},
		"the current one is published: it stays":                       {of(a), a, a, all, of(a)},
		"a new one comes: the one before stays":                        {of(a), c, a, none, of(c, a)},
		"a new one is published: the one before stays for its time":    {of(c, a), c, c, none, of(c, a)},
		"nobody can need the one before any more: it goes":             {of(b, a), b, b, all, of(b)},
		"it is still served by us: it stays whatever the time":         {of(b, a), b, a, all, of(b, a)},
		"a third comes soon after the second: all stay":                {of(b, a), c, a, none, of(c, b, a)},
		"an expired one goes with its time, as our clock may be wrong": {of(b, expired), b, b, none, of(b, expired)},
		"a foreign one stays, for the servers that still use it":       {of(other), a, nil, none, of(a, other)},
		"a foreign one goes when nobody can need it":                   {of(other, a), a, a, all, of(a)},
		"what this replica serves is put back":                         {of(c), c, a, none, of(c, a)},
		"nothing is known: all stay":                                   {of(b, expired, a), nil, nil, all, of(b, expired, a)},
		"the Secret is restored: what was in force before stays":       {of(c), a, c, none, of(a, c)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k := knowledge{current: test.current, serving: test.serving, retired: test.retired}
			got := wanted(test.published, k)
			if !slices.EqualFunc(got, test.want, (*x509.Certificate).Equal) {
				t.Errorf("got %v, want %v", serials(got), serials(test.want))
			}
		})
	}
}

func of(all ...*x509.Certificate) []*x509.Certificate { return all }

// TestWantedIsAgreedUpon takes any authorities, published in any order, any that is current, and any that have retired.
func TestWantedIsAgreedUpon(t *testing.T) {
	l := DefaultLifetimes()
	random := rand.New(rand.NewPCG(1, 2))
	var pool []*x509.Certificate
	for _, ago := range []time.Duration{0, 0, time.Second, time.Hour, 30 * time.Hour, l.CA + time.Hour} {
		a, _ := makeCA(t, at().Add(-ago), l)
		pool = append(pool, a.certificate)
	}
	for range maxOthers {
		pool = append(pool, foreignAuthority(t, at().Add(-time.Duration(len(pool))*time.Minute)))
	}
	for range 3000 {
		random.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		published := slices.Clone(pool[:random.IntN(len(pool))])
		neededAt, retired := map[*x509.Certificate]time.Time{}, map[*x509.Certificate]bool{}
		for _, c := range pool {
			neededAt[c], retired[c] = at().Add(-time.Duration(random.IntN(5))*time.Minute), random.IntN(4) == 0
		}
		k := knowledge{
			current:  pool[random.IntN(len(pool))],
			neededAt: func(c *x509.Certificate) time.Time { return neededAt[c] },
			retired:  func(c *x509.Certificate) bool { return retired[c] },
		}
		if random.IntN(2) == 0 && len(published) > 0 {
			k.serving = published[0]
			neededAt[k.serving] = at()
		}
		checkAgreement(t, published, k, random)
	}
}

func checkAgreement(t *testing.T, published []*x509.Certificate, k knowledge, random *rand.Rand) {
	t.Helper()
	got := wanted(published, k)
	same := func(other []*x509.Certificate) bool { return slices.EqualFunc(got, other, (*x509.Certificate).Equal) }

	shuffled := slices.Clone(published)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if !same(wanted(shuffled, k)) {
		t.Fatal("it depends on the order in which authorities are published")
	}
	if !same(wanted(got, k)) {
		t.Fatal("what was wanted is not wanted again")
	}
	if !got[0].Equal(k.current) {
		t.Fatal("the current authority is not the first that is wanted")
	}
	if k.serving != nil && !contains(got, k.serving) {
		t.Fatal("what is served is not wanted")
	}
	if len(got) > 1+maxOthers {
		t.Fatalf("%d authorities are wanted", len(got))
	}
	for _, c := range published {
		if len(published) <= maxOthers && !k.retired(c) && !contains(got, c) {
			t.Fatal("an authority goes that somebody may need")
		}
	}
	k.serving, k.retired = nil, func(*x509.Certificate) bool { return false }
	if !same(wanted(got, k)) {
		t.Fatal("a replica that knows less wants back what another dropped")
	}
}
