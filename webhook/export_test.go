package webhook

import (
	"bytes"
	"runtime"
	"time"
)

// Account is what decoding one body allocated, and what was accounted for it beside the body.
type Account struct {
	Allocated, Accounted int64
	Refused              bool
}

// AccountOf decodes a body for the second time with the same decoder, which then knows all types. The caller keeps the
// collector off.
func AccountOf(body []byte) Account {
	return accountOf(body, func(d *decoder, body []byte) { _, _ = d.decode(body) })
}

// AccountOfPreflight is AccountOf for the review of a workload.
func AccountOfPreflight(body []byte) Account {
	return accountOf(body, func(d *decoder, body []byte) { _, _ = d.decodePreflight(body) })
}

func accountOf(body []byte, decode func(*decoder, []byte)) Account {
	m := memory{limit: newLimit(DefaultMaxInFlightBytes, nil)}
	left := waitBudget(time.Second)
	d := newDecoder()
	var a Account
	for range 2 {
		b := m.newBody(&left)
		d.begin(&b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		decode(d, bytes.TrimRight(body, " \n"))
		runtime.ReadMemStats(&after)
		a = Account{int64(after.TotalAlloc - before.TotalAlloc), b.held, d.refused}
		b.drop(b.held)
	}
	return a
}
